"""Registers the room with Django, and its heartbeats with Celery's processes."""

from django.apps import AppConfig


class HealthConfig(AppConfig):
    name = "portal.health"

    def ready(self) -> None:
        from portal.health import duties, processes  # noqa: F401  # listen to Celery's signals from now on
