"""A person as Entra ID knows them, keyed on (tenant id, object id); everything else is for display."""

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

MOST_NAME_CHARACTERS = 256
MOST_EMAIL_CHARACTERS = 254


class AppRole(models.TextChoices):
    """The app roles of the portal's app registration, as they stand in a token's `roles` claim."""

    AUDITOR = "Reimage.Auditor", "Reimage.Auditor"
    ADMINISTRATOR = "Reimage.Administrator", "Reimage.Administrator"


class RateCount(models.Model):
    """How often somebody did something in one window of time; written by rate_limits.py alone."""

    key = models.CharField(max_length=64)
    window_starts_at = models.BigIntegerField()  # seconds of the Unix epoch
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "window_starts_at"], name="rate_is_counted_once_a_window"),
        ]

    def __str__(self) -> str:
        return f"{self.count} since {self.window_starts_at}"


class UserManager(BaseUserManager["User"]):
    """Finds people by who they are at Entra ID."""

    def with_principal_key(self, tenant_id: uuid.UUID, object_id: uuid.UUID) -> "User | None":
        """The person, or None if they have never signed in."""
        return self.filter(tenant_id=tenant_id, object_id=object_id).first()


class User(AbstractBaseUser):
    """A person who has signed in. Roles and groups are those of the last sign-in."""

    password = None  # type: ignore[assignment]  # Entra ID keeps the passwords
    tenant_id = models.UUIDField(editable=False)
    object_id = models.UUIDField(editable=False)
    display_name = models.CharField(max_length=MOST_NAME_CHARACTERS)
    email = models.EmailField(max_length=MOST_EMAIL_CHARACTERS, blank=True)
    app_roles = models.JSONField(default=list)
    group_ids = models.JSONField(default=list)
    groups_are_complete = models.BooleanField(default=True)
    language = models.CharField(max_length=8, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)

    objects = UserManager()

    USERNAME_FIELD = "object_id"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["tenant_id"]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "object_id"], name="user_is_one_entra_person"),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def principal_key(self) -> tuple[uuid.UUID, uuid.UUID]:
        """(tenant id, object id), the only identity that rules compare."""
        return self.tenant_id, self.object_id

    @property
    def is_auditor(self) -> bool:
        """May read everything and act on nothing."""
        return AppRole.AUDITOR in self.app_roles

    @property
    def is_administrator(self) -> bool:
        """May manage grants and the inventory; does not thereby approve."""
        return AppRole.ADMINISTRATOR in self.app_roles


class Session(AbstractBaseSession):
    """A browser's session, written by Django through session_store.py; `user` is whoever is signed in there."""

    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="sessions")

    def __str__(self) -> str:
        return f"session of {self.user}"  # never its key, which opens it

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        from portal.identity.session_store import SessionStore  # which needs this model

        return SessionStore
