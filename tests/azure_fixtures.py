"""The portal's settings pointed at a running sandbox, with an inventory, grants and a sealing key."""

import base64
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.conf import settings
from django.utils import timezone
from pytest_django import Settings

from portal.audit.actors import Actor
from reimage.azure import clients
from reimage.azure.inventory import list_virtual_machines
from reimage.domain.virtual_machine import VirtualMachineFacts
from reimage.models import AccessGrant, GrantRole, PrincipalKind
from reimage.services.grants import create_grant
from reimage.services.inventory import synchronize_inventory
from tests.cast import ALICE, TEAM_WEB, TENANT_ID, VM_APPROVERS
from tests.sandbox_process import PRODUCTION, SandboxProcess

RG_WEB = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-web"


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[SandboxProcess]:
    """One process for the whole run; each test gets it reset."""
    with SandboxProcess(vms=20, operation_seconds=60) as process:
        yield process


@pytest.fixture
def sandbox(running_sandbox: SandboxProcess, settings: Settings) -> Iterator[SandboxProcess]:
    """The local Azure at its start, and the portal's settings pointing at it."""
    running_sandbox.reset()
    settings.AZURE_RESOURCE_MANAGER = running_sandbox.https_url
    settings.ENTRA_AUTHORITY = f"{running_sandbox.https_url}/{TENANT_ID}"
    settings.GRAPH_URL = running_sandbox.https_url
    settings.AZURE_CA_BUNDLE = running_sandbox.ca_file
    forget_clients()
    yield running_sandbox
    forget_clients()


@pytest.fixture
def sealing_key(settings: Settings, tmp_path: Path) -> X25519PrivateKey:
    """A fresh key pair: public half for the web, private half for the worker."""
    key = X25519PrivateKey.generate()
    file = tmp_path / "sealing-private.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    file.chmod(0o400)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    settings.SEALING_PUBLIC_KEY = base64.b64encode(public).decode()
    settings.SEALING_PRIVATE_KEY_FILE = str(file)
    return key


@pytest.fixture
def inventory(db: None, sandbox: SandboxProcess) -> None:
    """The sandbox's machines, mirrored by the real synchronisation; listed once, as each start is the same."""
    listing = listed_at_the_start(sandbox.https_url, tuple(settings.AZURE_SUBSCRIPTIONS))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reimage.azure.inventory.list_virtual_machines", lambda _subscriptions: iter(listing))
        synchronize_inventory(actor=Actor.system("test"), now=timezone.now())


@cache
def listed_at_the_start(_https_url: str, subscriptions: tuple[str, ...]) -> tuple[VirtualMachineFacts, ...]:
    """Of the sandbox that the settings point at, which was just reset."""
    return tuple(list_virtual_machines(subscriptions))


@pytest.fixture
def grants(db: None) -> list[AccessGrant]:
    """Alice's team requests in rg-web and what she owns elsewhere; Bob's group approves in Production."""
    subscription = f"/subscriptions/{PRODUCTION}"
    system = Actor.system("test")
    group, user = PrincipalKind.GROUP, PrincipalKind.USER
    return [
        create_grant(actor=system, principal_kind=group, principal_id=TEAM_WEB, role=GrantRole.REQUESTER, scope=RG_WEB),
        create_grant(
            actor=system,
            principal_kind=user,
            principal_id=ALICE.object_id,
            role=GrantRole.REQUESTER,
            scope=subscription,
            tag_name="owner",
            tag_value="batch",
        ),
        create_grant(
            actor=system, principal_kind=group, principal_id=VM_APPROVERS, role=GrantRole.APPROVER, scope=subscription
        ),
    ]


@pytest.fixture
def azure(
    inventory: None, grants: list[AccessGrant], sealing_key: X25519PrivateKey, sandbox: SandboxProcess
) -> SandboxProcess:
    """Everything a reimage needs."""
    return sandbox


def forget_clients() -> None:
    """The next call begins with a fresh credential and connection, by the settings of that moment."""
    for cached in (
        clients.credential,
        clients.compute_client,
        clients.single_shot_client,
        clients.resource_graph_client,
    ):
        cached.cache_clear()
