"""What Celery runs for people and sessions."""

from celery import shared_task
from django.core.management import call_command
from django.utils import timezone

from portal.identity.rate_limits import forget_counts


@shared_task
def clear_sessions() -> None:
    """Deletes the sessions that nobody can use any more, which Django leaves in the database, and past counts."""
    call_command("clearsessions")
    forget_counts(now=timezone.now())
