"""Registers reimage with Django, and what it writes into the audit log with the log's catalogue."""

from django.apps import AppConfig


class ReimageConfig(AppConfig):
    name = "reimage"

    def ready(self) -> None:
        from reimage import audit_actions, audit_labels, audit_links  # noqa: F401  # registered by being imported
