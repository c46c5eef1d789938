"""For a process over a database of its own: people, their grants, machines, and the sandbox that runs already."""

import os

from django.utils import timezone

from portal.audit.actors import Actor
from portal.identity.models import User
from reimage.models import GrantRole, PrincipalKind
from reimage.services.grants import create_grant
from reimage.services.inventory import synchronize_inventory
from tests.azure_fixtures import RG_WEB
from tests.cast import ALICE, BOB, make_user
from tests.sandbox_process import SandboxProcess


def running_sandbox() -> SandboxProcess:
    """The one that the environment names."""
    sandbox = SandboxProcess()
    sandbox.http_url, sandbox.https_url = os.environ["SANDBOX_HTTP_URL"], os.environ["SANDBOX_HTTPS_URL"]
    return sandbox


def alice_and_bob() -> tuple[User, User]:
    """She may request and he may approve in rg-web."""
    system = Actor.system("test")
    synchronize_inventory(actor=system, now=timezone.now())
    for part, role in ((ALICE, GrantRole.REQUESTER), (BOB, GrantRole.APPROVER)):
        person, kind = str(part.object_id), PrincipalKind.USER
        create_grant(actor=system, principal_kind=kind, principal_id=person, role=role, scope=RG_WEB)
    return make_user(ALICE), make_user(BOB)
