"""Registers portal.identity with Django."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class IdentityConfig(AppConfig):
    name = "portal.identity"
    label = "identity"

    def ready(self) -> None:
        from portal.identity import audit_actions  # noqa: F401  # fills the catalogue
        from portal.identity.signals import start_session

        user_logged_in.connect(start_session, dispatch_uid="identity.start_session")
