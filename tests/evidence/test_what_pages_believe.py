"""Beside a valid proof stands what the sealed bytes say, whatever was altered or added around them."""

import pytest
from django.conf import LazySettings
from django.test import Client

from portal.audit.actors import Target
from portal.audit.catalogue import AUDIT_REDACTED
from portal.audit.models import AuditEvent
from reimage import audit_actions
from reimage.models import ReimageRequest
from tests.audit.events import record_event
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import run
from tests.evidence.packs import TakenPack

pytestmark = pytest.mark.django_db
REDACTED_WORDS = {"en": "What was redacted", "ja": "削除された個人に関する記載"}


@pytest.fixture
def approval(ended: ReimageRequest) -> AuditEvent:
    return AuditEvent.objects.get(action=audit_actions.REQUEST_APPROVED.name)


def page(auditor: Client, path: str) -> str:
    response = auditor.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_a_pack_is_dated_by_the_note_and_not_by_the_columns_beside_it(ended: ReimageRequest, auditor: Client) -> None:
    before = TakenPack.by(auditor, ended.pk).content
    run("UPDATE audit_auditcheckpoint SET sealed_at = '2019-01-01 00:00:00Z'")
    assert TakenPack.by(auditor, ended.pk).content == before
    run("UPDATE audit_auditcheckpoint SET tree_size = tree_size + 5000")
    response = auditor.get(f"/requests/{ended.pk}/evidence.zip")
    assert (response.status_code, "is damaged" in response.content.decode()) == (400, True)


def test_a_page_is_dated_by_no_note_that_nobody_signed(
    ended: ReimageRequest, approval: AuditEvent, auditor: Client, log: SealedLog
) -> None:
    log.grow(1)
    path = f"/audit/{approval.event_id}/"
    assert "Place in the sealed log" in page(auditor, path)
    run(
        "UPDATE audit_auditcheckpoint SET note = replace(note, 'time 20', 'time 21') "
        "WHERE tree_size = (SELECT MIN(tree_size) FROM audit_auditcheckpoint WHERE tree_size > %s)",
        parameters=[approval.leaf.leaf_index],
    )
    told = page(auditor, path)
    assert ("Place in the sealed log" in told, "a key that this process was not told of" in told) == (False, True)


@pytest.mark.parametrize(("language", "words"), [("en", "was not told of"), ("ja", "このプロセスに設定されていない鍵")])
@pytest.mark.parametrize("is_readable", [True, False])
def test_a_process_that_was_not_told_of_the_key_says_so(
    approval: AuditEvent,
    auditor: Client,
    log: SealedLog,
    settings: LazySettings,
    language: str,
    words: str,
    is_readable: bool,
) -> None:
    """It started before the key was replaced: nothing is wrong with the event."""
    old = settings.AUDIT_PUBLIC_KEYS
    log.rotate("second.pem")
    log.grow(1)
    settings.AUDIT_PUBLIC_KEYS = old if is_readable else "garbage"
    response = auditor.get(f"/audit/{approval.event_id}/", headers={"Accept-Language": language})
    assert (response.status_code, words in response.content.decode()) == (200, True)


@pytest.mark.parametrize("are_columns_true", [False, True])
def test_a_redaction_that_took_nothing_out_is_none(
    ended: ReimageRequest, approval: AuditEvent, auditor: Client, log: SealedLog, are_columns_true: bool
) -> None:
    """One by its columns alone, and one that was added by whoever may add events."""
    target = Target("audit_event", str(approval.event_id), "reimage_request.approved")
    detail = {"fields": ["/actor/name", "/address"], "reason": "Court order 7"}
    if are_columns_true:
        record_event(action=AUDIT_REDACTED, target=target, detail=detail)
    else:
        other = record_event(detail=detail)
        run(
            "UPDATE audit_auditevent SET action = 'audit.redacted', target_id = %s WHERE id = %s",
            parameters=[str(approval.event_id), other.pk],
        )
    log.seal()
    log.anchor()
    assert "which fields, why and by whom" not in page(auditor, f"/audit/{approval.event_id}/")
    pack = TakenPack.by(auditor, ended.pk)
    assert not [words for language, words in REDACTED_WORDS.items() if words in pack.words(language)]


def test_a_text_that_was_exchanged_is_told_nowhere(
    ended: ReimageRequest, approval: AuditEvent, auditor: Client
) -> None:
    run("UPDATE audit_auditpersonaltext SET text = 'Mallory' WHERE event_id = %s", parameters=[approval.pk])
    table = b"".join(auditor.get("/audit/export.csv").streaming_content).decode()
    assert ("Mallory" in table, table.count("[altered]") >= 2) == (False, True)
    for operation in ended.operations.all():
        assert "Mallory" not in page(auditor, f"/requests/{ended.pk}/operations/{operation.pk}/")


@pytest.mark.parametrize("operation", [True, -5, 0, "7", [7]])
@pytest.mark.parametrize("subject", ["reimage_request:1", "reimage_request:0", "other:1"])
def test_a_link_leads_only_where_a_page_can_be(auditor: Client, operation: object, subject: str) -> None:
    event = record_event(subject=subject, detail={"operation": operation})
    assert "/operations/" not in page(auditor, f"/audit/{event.event_id}/").split("<pre")[0]
