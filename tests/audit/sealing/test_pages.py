"""What an auditor sees of the seal: how far it reaches, and what proves one event."""

import html
import json
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from pytest_django.fixtures import DjangoAssertNumQueries

from deploy import audit_key
from portal.audit.disclosure import disclosed_body
from portal.audit.models import AuditAnchor, AuditEvent
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.standalone import VERIFIER, verify
from tests.audit.sealing.tampering import run


def page(browser: Client, path: str) -> str:
    response = browser.get(path)
    assert response.status_code == 200
    return " ".join(html.unescape(response.content.decode()).split())


def test_the_list_says_how_far_the_log_is_sealed_and_anchored(auditor: Client, log: SealedLog) -> None:
    assert "Nothing is sealed yet" in page(auditor, "/audit/")
    log.grow(1200)
    log.record(1)
    log.seal()
    text = page(auditor, "/audit/")
    assert "Sealed to #1,201" in text
    assert "anchored to #1,200" in text


def test_the_list_says_that_an_anchor_is_away(auditor: Client, log: SealedLog) -> None:
    log.grow()
    AuditAnchor.objects.update(failing_since=timezone.now())
    assert "An anchor has been out of reach since" in page(auditor, "/audit/")


NOT_SIGNED = "The last checkpoint is damaged, or signed by a key that this process was not told of"


@pytest.mark.parametrize("note", ["'x'", "replace(note, '2', '3')", "replace(note, 'time', 'tide')"])
def test_the_list_says_that_the_last_checkpoint_is_damaged(auditor: Client, log: SealedLog, note: str) -> None:
    log.grow(2)
    assert NOT_SIGNED not in page(auditor, "/audit/")
    run(f"UPDATE audit_auditcheckpoint SET note = {note}")
    text = page(auditor, "/audit/")
    assert NOT_SIGNED in text
    assert ">!</span>Sealed to #2" in text


def test_the_list_says_that_somebody_else_signed(
    auditor: Client, log: SealedLog, settings: Settings, tmp_path: Path
) -> None:
    log.grow(2)
    audit_key.make_private_key(tmp_path / "another.pem")
    settings.AUDIT_PUBLIC_KEYS = audit_key.public_key_of(tmp_path / "another.pem", "http://localhost:8000")
    assert NOT_SIGNED in page(auditor, "/audit/")


def test_a_fragment_does_not_ask_for_the_seal(auditor: Client, log: SealedLog) -> None:
    log.grow()
    assert "Sealed to" not in auditor.get("/audit/", headers={"HX-Request": "true"}).content.decode()


def test_an_event_shows_its_place_its_hashes_and_its_checkpoint(auditor: Client, log: SealedLog) -> None:
    events = log.grow(5)
    text = page(auditor, f"/audit/{events[3].event_id}/")
    checkpoint = log.last_checkpoint()
    for expected in ("#4", "leaf index 3", "localhost/audit 5", "— localhost/audit "):
        assert expected in text
    assert checkpoint.text.splitlines()[2] in text


def test_an_event_that_waits_says_so(auditor: Client, log: SealedLog) -> None:
    (event,) = log.record(1)
    assert "This event is not sealed yet" in page(auditor, f"/audit/{event.event_id}/")
    assert auditor.get(f"/audit/{event.event_id}/proof.jsonl").status_code == 404


def test_a_damaged_seal_does_not_hide_the_event(auditor: Client, log: SealedLog) -> None:
    events = log.grow(5)
    run("DELETE FROM audit_auditleaf WHERE leaf_index = 1")
    assert "No proof can be made" in page(auditor, f"/audit/{events[0].event_id}/")


def test_the_file_of_an_event_verifies_by_itself(auditor: Client, log: SealedLog, tmp_path: Path) -> None:
    events = log.grow(5)
    response = auditor.get(f"/audit/{events[3].event_id}/proof.jsonl")
    assert response.headers["Content-Disposition"].startswith("attachment; ")
    (tmp_path / "proof.jsonl").write_bytes(response.content)
    assert json.loads(response.content.splitlines()[1])["leaf_index"] == 3
    assert verify(tmp_path / "proof.jsonl", log.public_key)[0] == 0


def test_whoever_takes_it_is_an_event_that_names_which(auditor: Client, log: SealedLog) -> None:
    event = log.grow(5)[3]
    auditor.get(f"/audit/{event.event_id}/proof.jsonl")
    call_command("audit_proof", str(event.event_id), stdout=StringIO())
    by_page, by_command = AuditEvent.objects.filter(action="audit_log.exported").order_by("pk")
    for taken in (by_page, by_command):
        body = disclosed_body(taken)
        target = {"kind": "audit_event", "id": str(event.event_id), "label": event.action}
        assert body["target"] == target
        assert body["detail"] == {"filter": {"event": str(event.event_id)}, "format": "jsonl", "rows": 1}
    assert (by_page.actor_text, by_command.actor_text) == ("Carol Chiba", "manage.py audit_proof")
    assert str(event.event_id) in page(auditor, f"/audit/{by_page.event_id}/")


def test_what_was_not_taken_is_no_event(auditor: Client, log: SealedLog) -> None:
    (waiting,) = log.record(1)
    for event_id in (waiting.event_id, uuid4()):
        assert auditor.get(f"/audit/{event_id}/proof.jsonl").status_code == 404
        with pytest.raises(CommandError, match="no such event, or it is not sealed yet"):
            call_command("audit_proof", str(event_id))
    assert not AuditEvent.objects.filter(action="audit_log.exported").exists()


def test_the_seal_costs_six_queries(
    auditor: Client, log: SealedLog, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    from portal.audit.sealing.status import seal_status

    """How far it is sealed, who signed that, how far each place is, and three for what waits."""
    for count in (0, 3):
        log.grow(count)
        log.record(count)
        with django_assert_num_queries(6 if count else 5):
            seal_status()


def test_an_event_says_how_far_the_log_is_sealed_and_whether_it_is_anchored(auditor: Client, log: SealedLog) -> None:
    (anchored,) = log.grow(1)
    (sealed,) = log.record(1)
    log.seal()
    for event, words in ((anchored, "yes: every anchor knows the log to #1"), (sealed, "not yet")):
        text = page(auditor, f"/audit/{event.event_id}/")
        assert "Sealed to #2" in text
        assert "anchored to #1" in text
        assert words in text
        assert f"python verify_audit.py audit-proof-{event.event_id}.jsonl PUBLIC_KEYS" in text
        assert 'href="/audit/verify_audit.py"' in text


def test_the_verifier_is_a_download_and_the_one_of_the_source(auditor: Client) -> None:
    response = auditor.get("/audit/verify_audit.py")
    assert response.headers["Content-Disposition"] == 'attachment; filename="verify_audit.py"'
    assert response.content == VERIFIER.read_bytes()
