"""Who acted and what it was about, as the log keeps them: a key to compare and a text to read.

Knows nothing of sign-in or of the database: a person is anything that has the three attributes below.
"""

from dataclasses import dataclass
from typing import Protocol, Self
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _


class ActorKind(models.TextChoices):
    """What sort of actor an event has."""

    PERSON = "person", _("Person")
    SYSTEM = "system", _("The portal itself")
    UNKNOWN = "unknown", _("Not signed in")


class Person(Protocol):
    """What the log needs to know of a signed-in user."""

    tenant_id: UUID
    object_id: UUID
    display_name: str


@dataclass(frozen=True)
class Actor:
    """Key (tenant id, object id) and name at the time; a name may change or repeat, the key does not."""

    kind: str
    tenant_id: str = ""
    object_id: str = ""
    name: str = ""

    @classmethod
    def person(cls, user: Person) -> Self:
        """Somebody who signed in with Entra ID."""
        return cls(ActorKind.PERSON.value, str(user.tenant_id), str(user.object_id), user.display_name)

    @classmethod
    def system(cls, name: str) -> Self:
        """A part of the portal that acts by itself, for example a task on a schedule."""
        return cls(ActorKind.SYSTEM.value, name=name)

    @classmethod
    def unknown(cls, name: str = "") -> Self:
        """Somebody who has not signed in; `name` is what they claim, if anything."""
        return cls(ActorKind.UNKNOWN.value, name=name)


@dataclass(frozen=True)
class Target:
    """What an event is about: its kind, its key, and the text that people know it by."""

    kind: str
    id: str
    label: str
