"""Registers the site with Django, and binds Celery's shared tasks to the portal's broker in every process."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        from portal import celery  # noqa: F401  # needs the settings, which are complete only now
