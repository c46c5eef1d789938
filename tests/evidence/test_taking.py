"""Taking a pack: by auditors alone, of what is sealed, and an event each time."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from portal.audit.models import AuditEvent, AuditLeaf
from portal.identity.models import User
from reimage.models import ReimageRequest
from tests import stories
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import run
from tests.audit.sealing.test_leaves_of_no_place import put_leaf_at
from tests.cast import client_of
from tests.evidence.packs import TakenPack, signed_in
from tests.sandbox_process import SandboxProcess

TAKEN = "evidence_pack.taken"


def address_of(reimage_request: ReimageRequest) -> str:
    return f"/requests/{reimage_request.pk}/evidence.zip"


@pytest.mark.asvs("V5.4.1", "V5.4.2")
def test_it_is_a_download_and_an_event_before_the_first_byte(asked: ReimageRequest, auditor: Client) -> None:
    response = auditor.get(address_of(asked))
    event = AuditEvent.objects.get(action=TAKEN)
    assert response["Content-Type"] == "application/zip"
    assert response["Content-Disposition"] == f'attachment; filename="evidence-request-{asked.pk}.zip"'
    assert "no-store" in response["Cache-Control"]
    assert (event.actor_text, event.target_kind, event.target_id) == ("Carol Chiba", "reimage_request", str(asked.pk))
    pack = TakenPack(b"".join(response.streaming_content))
    detail = json.loads(bytes(event.body))["detail"]
    assert detail == {
        "rows": len(pack.events()),
        "tree_size": int(pack.text("checkpoint.txt").split("\n")[1]),
        "waiting": 0,
    }


@pytest.mark.asvs("V16.3.2")
def test_it_is_taken_by_nobody_but_an_auditor(asked: ReimageRequest, alice: User, bob: User, dan: User) -> None:
    for person in (alice, bob, dan):
        response = client_of(person).get(address_of(asked))
        assert response.status_code == 403
        assert "Reimage.Auditor" in response.content.decode()
    assert AuditEvent.objects.filter(action="access.refused", target_id=address_of(asked)).count() == 3
    assert not AuditEvent.objects.filter(action=TAKEN).exists()


def test_a_stranger_learns_nothing_of_which_requests_there_are(asked: ReimageRequest, eve: User) -> None:
    browser = client_of(eve)
    there, not_there = browser.get(address_of(asked)), browser.get("/requests/99999/evidence.zip")
    assert (there.status_code, not_there.status_code) == (403, 403)


@pytest.mark.parametrize("verb", ["head", "post", "put", "delete"])
def test_no_other_verb_takes_it(asked: ReimageRequest, auditor: Client, verb: str) -> None:
    assert getattr(auditor, verb)(address_of(asked)).status_code == 405
    assert not AuditEvent.objects.filter(action=TAKEN).exists()


def test_what_is_not_sealed_yet_has_no_pack(
    azure: SandboxProcess, log: SealedLog, alice: User, auditor: Client
) -> None:
    with signed_in(alice):
        log.seal()  # the sign-in alone
        made = stories.request_reimage(alice, "web-02")
    response = auditor.get(address_of(made))
    assert response.status_code == 404
    assert f"Nothing of #{made.pk} is sealed yet." in response.content.decode()
    unsent = stories.draft(alice, "web-03")
    assert auditor.get(address_of(unsent)).status_code == 404
    assert not AuditEvent.objects.filter(action=TAKEN).exists()


def test_what_waits_for_the_sealer_is_left_out_and_told(
    asked: ReimageRequest, bob: User, auditor: Client, log: SealedLog
) -> None:
    stories.approve(bob, asked)
    pack = TakenPack.by(auditor, asked.pk)
    assert [event["action"] for event in pack.events()] == ["session.signed_in", "reimage_request.submitted"]
    for told in (pack.words(), pack.text("README.en.txt")):
        assert "1 event was not sealed yet and is left out." in told
    assert "State Waiting for approval" in pack.words()
    assert "Nobody had decided yet." in pack.words()
    log.seal()
    later = TakenPack.by(auditor, asked.pk)
    assert "not sealed yet" not in later.words()
    # Bob acted without a session, as a command does.
    assert "no sign-in is recorded for this session" in later.words()


def test_what_a_leaf_below_zero_calls_sealed_is_left_out_as_well(
    asked: ReimageRequest, azure: SandboxProcess, bob: User, auditor: Client
) -> None:
    """As a superuser can insert one for each."""
    stories.approve(bob, asked)
    stories.run(asked, azure)
    before = TakenPack.by(auditor, asked.pk)
    for number, event in enumerate(AuditEvent.objects.filter(subject=asked.audit_subject, leaf=None), start=1):
        put_leaf_at(f"-{number}", event)
    assert AuditLeaf.objects.filter(leaf_index=-8).exists()
    assert TakenPack.by(auditor, asked.pk).content == before.content


def test_a_missing_checkpoint_is_told_to_the_operators(asked: ReimageRequest, auditor: Client) -> None:
    run("DELETE FROM audit_auditcheckpoint")
    response = auditor.get(address_of(asked))
    assert response.status_code == 400
    assert "A part of the seal is missing from the database." in response.content.decode()
    assert not AuditEvent.objects.filter(action=TAKEN).exists()


def test_only_an_auditor_is_offered_it(asked: ReimageRequest, alice: User, auditor: Client) -> None:
    page = f"/requests/{asked.pk}/"
    assert f'href="{address_of(asked)}"' in auditor.get(page).content.decode()
    assert address_of(asked) not in client_of(alice).get(page).content.decode()


def test_the_command_writes_the_same_file(asked: ReimageRequest, auditor: Client, tmp_path: Path) -> None:
    file, out = tmp_path / "pack.zip", StringIO()
    call_command("evidence_pack", str(asked.pk), str(file), stdout=out)
    assert file.stat().st_mode & 0o777 == 0o600
    assert str(file) in out.getvalue()
    assert AuditEvent.objects.get(action=TAKEN).actor_name == "manage.py evidence_pack"
    assert file.read_bytes() == TakenPack.by(auditor, asked.pk).content


def test_the_command_says_what_it_cannot_do(asked: ReimageRequest, tmp_path: Path) -> None:
    (tmp_path / "taken.zip").touch()
    for arguments, words in (
        ([str(asked.pk), str(tmp_path / "taken.zip")], "is there already"),
        ([str(asked.pk), str(tmp_path / "nowhere" / "pack.zip")], "No such file or directory"),
        (["99999", str(tmp_path / "pack.zip")], "There is no request #99999."),
    ):
        with pytest.raises(CommandError, match=words):
            call_command("evidence_pack", *arguments)
    assert not (tmp_path / "pack.zip").exists()
