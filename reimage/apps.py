"""Registers reimage with Django, and what it writes into the audit log with the log's catalogue."""

from django.apps import AppConfig


class ReimageConfig(AppConfig):
    name = "reimage"

    def ready(self) -> None:
        import portal.celery  # noqa: F401  # current in every process, so that the web process rings the right broker
        from reimage import audit_actions, audit_labels  # noqa: F401  # registered by being imported
