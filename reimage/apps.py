"""Registers reimage with Django."""

from django.apps import AppConfig


class ReimageConfig(AppConfig):
    name = "reimage"

    def ready(self) -> None:
        """Makes the portal's Celery the current one in every process, so that the web process rings its own broker."""
        import portal.celery  # noqa: F401  # for its effect
