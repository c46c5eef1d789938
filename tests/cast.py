"""The people of every test: Alice requests, Bob approves, Carol audits, Dan administers, Eve is a stranger."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from django.test import Client

    from portal.identity.models import User

TENANT_ID = UUID("11111111-1111-4111-8111-111111111111")
FOREIGN_TENANT_ID = UUID("99999999-9999-4999-8999-999999999999")
TEAM_WEB = "90000000-0000-4000-8000-000000000001"
VM_APPROVERS = "90000000-0000-4000-8000-000000000002"


@dataclass(frozen=True)
class Part:
    """One of the cast, as Entra ID knows them."""

    object_id: UUID
    display_name: str
    app_roles: tuple[str, ...] = ()
    group_ids: tuple[str, ...] = ()


ALICE = Part(UUID("aa000000-0000-4000-8000-00000000000a"), "Alice Aoki", group_ids=(TEAM_WEB,))
BOB = Part(UUID("bb000000-0000-4000-8000-00000000000b"), "Bob Baba", group_ids=(VM_APPROVERS,))
CAROL = Part(UUID("cc000000-0000-4000-8000-00000000000c"), "Carol Chiba", app_roles=("Reimage.Auditor",))
DAN = Part(UUID("dd000000-0000-4000-8000-00000000000d"), "Dan Date", app_roles=("Reimage.Administrator",))
EVE = Part(UUID("ee000000-0000-4000-8000-00000000000e"), "Eve Endo")


def make_user(part: Part, **differences: object) -> "User":
    """The person as a row, as if they had signed in before; `differences` replace attributes of the User."""
    from portal.identity.models import User  # only now: who merely plays a part needs no Django

    first_name = part.display_name.split()[0].lower()
    attributes: dict[str, object] = {
        "tenant_id": TENANT_ID,
        "object_id": part.object_id,
        "display_name": part.display_name,
        "email": f"{first_name}@example.com",
        "app_roles": list(part.app_roles),
        "group_ids": list(part.group_ids),
    }
    return User.objects.create(**attributes | differences)


def client_of(user: "User") -> "Client":
    """A browser in which this person has signed in."""
    from django.test import Client  # as above

    client = Client()
    client.force_login(user)
    session = client.session
    session["identity.authenticated_at"] = session["identity.issued_at"] = session["identity.signed_in_at"]
    session.save()
    return client
