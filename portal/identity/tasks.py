"""What Celery runs for people and sessions."""

from celery import shared_task
from django.core.management import call_command


@shared_task
def clear_sessions() -> None:
    """Deletes the sessions that nobody can use any more; Django leaves their rows in the database."""
    call_command("clearsessions")
