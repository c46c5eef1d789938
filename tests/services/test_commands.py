"""manage.py inventory_sync and manage.py grant: what they do, and what they say when they cannot."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from portal.audit.models import AuditEvent
from reimage.azure.errors import ENTRA_UNAVAILABLE, IDENTITY_REFUSED
from reimage.models import AccessGrant, AlarmKind, ExecutionAlarm, VirtualMachine
from tests.azure_fixtures import RG_WEB, forget_clients
from tests.cast import ALICE, TEAM_WEB, TENANT_ID
from tests.sandbox_process import SandboxProcess


def run(*args: Any) -> str:
    output = StringIO()
    call_command(*args, stdout=output)
    return output.getvalue()


def test_inventory_sync_says_what_it_saw(db: None, sandbox: SandboxProcess) -> None:
    assert run("inventory_sync") == "20 virtual machines, 0 vanished since the last time.\n"
    assert VirtualMachine.objects.count() == 20


def test_inventory_sync_says_what_azure_answered(db: None, sandbox: SandboxProcess) -> None:
    sandbox.faults("status", status=503, code="ServiceUnavailable", match={"path_contains": "ResourceGraph"})
    with pytest.raises(CommandError, match=r"Azure answered 503 ServiceUnavailable.*The inventory is as it was"):
        run("inventory_sync")


def test_inventory_sync_says_that_azure_does_not_answer(db: None, sandbox: SandboxProcess) -> None:
    sandbox.faults("reset_before", match={"path_contains": "ResourceGraph"}, times=2)
    with pytest.raises(CommandError) as raised:
        run("inventory_sync")
    assert str(raised.value) == (
        "The virtual machines could not be read (ServiceResponseError): Azure Resource Manager does not answer. "
        "The inventory is as it was."
    )


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"ENTRA_AUTHORITY": f"https://localhost:1/{TENANT_ID}"}, ENTRA_UNAVAILABLE),
        ({"AZURE_CLIENT_SECRET": "revoked"}, IDENTITY_REFUSED),
    ],
)
def test_inventory_sync_tells_an_entra_that_is_away_from_a_refused_identity(
    db: None, sandbox: SandboxProcess, settings: Any, changed: dict[str, str], told: str
) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    forget_clients()
    with pytest.raises(CommandError) as raised:
        run("inventory_sync")
    assert str(raised.value) == (
        f"The virtual machines could not be read (ClientAuthenticationError): {told} The inventory is as it was."
    )


def test_grant_gives_access(db: None) -> None:
    line = run(
        "grant",
        *("--user", str(ALICE.object_id), "--role", "requester", "--scope", RG_WEB),
        *("--tag", "env=test", "--label", "Alice Aoki"),
    )
    assert line == f"Granted: Alice Aoki: requester on {RG_WEB}, only with the tag env=test\n"
    grant = AccessGrant.objects.get()
    assert (grant.principal_kind, grant.tag_name, grant.tag_value) == ("user", "env", "test")
    assert grant.created_by == "manage.py grant"


def test_grant_to_a_group_is_given_once(db: None) -> None:
    words = ("grant", "--group", TEAM_WEB, "--role", "approver", "--scope", RG_WEB)
    assert run(*words).startswith("Granted: ")
    assert "exists already" in run(*words)
    assert AccessGrant.objects.get().principal_kind == "group"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--user", str(ALICE.object_id), "--role", "requester", "--scope", "rg-web"], "is not the resource id of"),
        (["--user", str(ALICE.object_id), "--role", "owner", "--scope", RG_WEB], "invalid choice: 'owner'"),
        (["--user", "alice", "--role", "requester", "--scope", RG_WEB], "invalid UUID value: 'alice'"),
        (["--role", "requester", "--scope", RG_WEB], "one of the arguments --user --group is required"),
        (["--user", str(ALICE.object_id), "--role", "requester"], "required: --scope"),
        (
            ["--user", str(ALICE.object_id), "--role", "requester", "--scope", RG_WEB, "--tag", "env"],
            "--tag must be name=value",
        ),
        (
            ["--user", str(ALICE.object_id), "--role", "requester", "--scope", RG_WEB, "--tag", "=test"],
            "--tag must be name=value",
        ),
    ],
)
def test_grant_says_what_is_wrong(db: None, words: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run("grant", *words)
    assert not AccessGrant.objects.exists()


def test_execution_is_paused_and_resumed_from_the_command_line(db: None) -> None:
    assert run("execution", "status") == "Execution is running\n"
    line = run("execution", "pause", "--reason", "Incident in japaneast.")
    assert line.startswith("Execution is paused since ")
    assert line.endswith("by manage.py execution: Incident in japaneast.\n")
    assert run("execution", "resume") == "Execution is running\n"
    events = AuditEvent.objects.filter(action__startswith="execution.").order_by("pk")
    assert [(event.action, event.actor_text) for event in events] == [
        ("execution.paused", "manage.py execution"),
        ("execution.resumed", "manage.py execution"),
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [(["pause"], "Say why execution is paused"), (["resume"], "Execution is not paused"), ([], "required: deed")],
)
def test_execution_says_what_is_wrong(db: None, words: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run("execution", *words)


def test_execution_names_its_alarms(db: None) -> None:
    ExecutionAlarm.objects.create(kind=AlarmKind.AZURE_REFUSES, raised_at=timezone.now())
    assert "Azure refuses the portal itself" in run("execution", "status")
