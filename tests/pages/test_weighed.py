"""What evidence was weighed is on the operation's page and on that of a settled case, in plain words."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from portal.audit.actors import Actor
from portal.audit.services import record
from portal.identity.models import User
from reimage import audit_actions
from reimage.domain.operation_states import OperationState
from reimage.models import ReimageOperation
from tests.cast import client_of
from tests.languages.english import sentences_of
from tests.pages.reading import queries, source, words
from tests.sandbox_process import SandboxProcess
from tests.stories import advance_to, age, approved

POST = {"verb": "POST", "path_contains": "/reimage"}
JAPANESE = {"headers": {"accept-language": "ja"}}


def address_of(operation: ReimageOperation) -> str:
    return f"/requests/{operation.reimage_request_id}/operations/{operation.pk}/"


@pytest.fixture
def lost(azure: SandboxProcess, alice: User, bob: User) -> ReimageOperation:
    """Nobody knows whether Azure has the POST."""
    azure.faults("reset_before", match=POST)
    return advance_to(approved(alice, bob, "web-02").operations.get(), OperationState.OUTCOME_UNKNOWN)


@pytest.fixture
def settled(azure: SandboxProcess, lost: ReimageOperation, dan: User) -> ReimageOperation:
    """No evidence within the quarantine, and Dan's word."""
    age(lost, timedelta(minutes=21))
    advance_to(lost, OperationState.NEEDS_ATTENTION)
    fields = {"executed": "no", "comment": "Nothing in the log.", "confirmation": "web-02"}
    assert client_of(dan).post(f"/operations/{lost.pk}/settle", fields).status_code == 302
    lost.refresh_from_db()
    return lost


def test_a_conclusion_stands_beside_both_disks(azure: SandboxProcess, lost: ReimageOperation, carol: User) -> None:
    azure.drift("web-02", replace_os_disk=True)
    advance_to(lost, OperationState.VERIFYING)
    text = words(client_of(carol).get(address_of(lost)))
    weighed = text.partition("What was weighed")[2]
    assert "No acceptance by Azure was received. The OS disk is another one than before the call." in weighed
    assert "The Activity Log was not asked." in weighed
    assert f"OS disk before the call {lost.evidence['os_disk_id']} OS disk seen /subscriptions/" in weighed
    assert "Provisioning state Succeeded" in weighed


def test_looking_in_vain_and_the_administrators_word_show_their_grounds(
    settled: ReimageOperation, carol: User, alice: User
) -> None:
    for person in (carol, alice):
        text = words(client_of(person).get(address_of(settled)))
        for title in ("What was weighed", "What the portal knew when the administrator decided"):
            weighed = text.partition(title)[2]
            assert "For 2" in weighed.partition(" min ")[0]  # quiet since the call could leave no more
            assert "The OS disk is the same as before the call." in weighed
            assert "The portal finds no trace of this call in the Activity Log" in weighed
            looked_at = datetime.fromisoformat(settled.evidence["weighed"]["looked_at"])
            assert f"Last look at the machine {looked_at:%Y-%m-%d %H:%M}" in weighed


def test_a_settled_case_keeps_its_evidence_and_asks_azure_nothing(
    azure: SandboxProcess, settled: ReimageOperation, carol: User
) -> None:
    azure.clear()
    text = words(client_of(carol).get(f"/attention/{settled.pk}/"))
    weighed = text.partition("What the portal knew when the administrator decided")[2]
    assert "The OS disk is the same as before the call." in weighed
    assert settled.evidence["os_disk_id"] in weighed
    assert azure.ledger() == []


def test_it_is_japanese_for_those_who_read_japanese(settled: ReimageOperation, carol: User) -> None:
    for address in (address_of(settled), f"/attention/{settled.pk}/"):
        page = client_of(carol).get(address, **JAPANESE)
        assert "管理者の判断時点でポータルが把握していた証拠" in words(page)
        assert "アクティビティ ログにこの呼び出しの記録が見つかりません" in words(page)
        english = list(sentences_of(source(page)))
        assert [sentence for sentence in english if "OS disk" in sentence or "portal" in sentence] == []


def test_it_costs_no_query(lost: ReimageOperation, alice: User) -> None:
    browser, address = client_of(alice), address_of(lost)
    before = queries(browser, address)
    note(lost, {"looked_at": "2026-01-02T03:04:05+00:00"})
    assert queries(browser, address) == before


@pytest.mark.parametrize(
    ("evidence", "told"),
    [
        (None, ""),
        ("not a mapping", ""),
        ({"vm_id": "b0000000"}, ""),
        ({"looked_at": None}, "No acceptance by Azure was received."),
        ({"looked_at": "no time", "activity_log": "of tomorrow"}, "Last look at the machine no time"),
        ({"looked_at": "0001-01-01T00:00:00+14:00", "quiet_seconds": "many"}, "Last look at the machine"),
        ({"looked_at": None, "vm_id_seen": "b", "vm_id_before": "a"}, "VM id before the call a VM id seen b"),
        ({"looked_at": None, "vm_id_seen": "a", "vm_id_before": "a", "os_disk_id_seen": "<b>"}, "OS disk seen <b>"),
    ],
)
def test_what_another_version_recorded_or_did_not_breaks_no_page(
    lost: ReimageOperation, alice: User, evidence: Any, told: str
) -> None:
    note(lost, evidence)
    page = client_of(alice).get(address_of(lost))
    assert "Needs an administrator" in words(page)
    assert told in words(page)
    assert ("What was weighed" in words(page)) is bool(told)
    assert '<bdi class="mono"><b>' not in source(page)


def note(operation: ReimageOperation, evidence: Any) -> None:
    """An event as another version may have recorded it."""
    detail = {"operation": operation.pk, "code": "no_evidence", "params": {}}
    with transaction.atomic():
        record(
            action=audit_actions.OPERATION_NEEDS_ATTENTION,
            actor=Actor.system("worker"),
            target=operation.audit_target,
            subject=operation.reimage_request.audit_subject,
            detail=detail if evidence is None else {**detail, "evidence": evidence},
        )
