"""Who acted and what it was about, as the log keeps them: a key to compare and a text to read.

Knows nothing of sign-in or of the database: a person is anything that has the three attributes below.
"""

from dataclasses import dataclass
from typing import Protocol, Self
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.audit.personal import Personal

PERSON = "person"  # the kind of a target that is somebody


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

    def as_recorded(self) -> dict[str, object]:
        """For a body. The key stays in it: it is a pseudonym, and without it nobody could be held to anything."""
        is_part = self.kind == ActorKind.SYSTEM
        name = self.name if is_part else Personal(self.name)
        return {"kind": self.kind, "tenant_id": self.tenant_id, "object_id": self.object_id, "name": name}


@dataclass(frozen=True)
class Target:
    """What an event is about: its kind, its key, and the text that people know it by."""

    kind: str
    id: str
    label: str | Personal

    @classmethod
    def person(cls, object_id: str, name: str) -> Self:
        """Somebody at Entra ID."""
        return cls(PERSON, object_id, Personal(name))

    def as_recorded(self) -> dict[str, object]:
        """For a body."""
        return {"kind": self.kind, "id": self.id, "label": self.label}
