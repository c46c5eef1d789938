"""The evidence pack of a request: complete, for people in both languages, and verified by its own verifier alone."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation

from portal.audit.actors import Actor
from portal.audit.models import AuditEvent, AuditPersonalText
from portal.audit.redaction import redact
from reimage import audit_actions
from reimage.models import ReimageOperation, ReimageRequest
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.standalone import verify
from tests.audit.sealing.tampering import run
from tests.evidence.packs import TakenPack

FILES = [
    "request.ja.html",
    "request.en.html",
    "plan-01.json",
    "plan-02.json",
    "README.ja.txt",
    "README.en.txt",
    "events.jsonl",
    "checkpoint.txt",
    "public-keys.txt",
    "verify_audit.py",
]


def test_it_tells_the_whole_story_and_proves_it(
    ended: ReimageRequest, auditor: Client, log: SealedLog, tmp_path: Path
) -> None:
    pack = TakenPack.by(auditor, ended.pk)
    assert pack.names == FILES
    folder = pack.unpack(tmp_path)
    # Its own verifier and the public key alone, in a process that knows nothing of the portal.
    code, said = verify(folder / "events.jsonl", log.public_key, verifier=folder / "verify_audit.py")
    recorded = list(AuditEvent.objects.filter(subject=ended.audit_subject).order_by("sequence"))
    assert (code, said.split(",")[0]) == (0, f"VERIFIED: {len(recorded) + 2} events")
    own = [event for event in pack.events() if event["subject"]]
    assert [event["event_id"] for event in own] == [str(event.event_id) for event in recorded]
    assert pack.text("public-keys.txt") == f"{log.public_key}\n"
    # Each plan is a file whose hash stands in the sealed submission.
    asked = next(event for event in own if event["action"] == audit_actions.REQUEST_SUBMITTED.name)
    for number, planned in enumerate(asked["detail"]["virtual_machines"], start=1):
        plan = pack.zip.read(f"plan-{number:02}.json")
        assert hashlib.sha256(plan).hexdigest() == planned["plan_digest"]
        assert json.loads(plan)["resource_id"] == planned["resource_id"]
    for language in ("en", "ja"):
        _check_page(pack, language, ended, asked)


def _check_page(pack: TakenPack, language: str, ended: ReimageRequest, asked: dict) -> None:
    words = pack.words(language)
    for planned in asked["detail"]["virtual_machines"]:
        for warning in [*planned["warnings_shown"]["ja"], *planned["warnings_shown"]["en"]]:
            assert warning in words
    for operation in ended.operations.all():
        for told in (operation.client_request_id, operation.azure_request_id, operation.operation_url):
            assert str(told) in words
    with translation.override(language):
        for label in (audit_actions.REQUEST_APPROVED, audit_actions.OPERATION_ACCEPTED):
            assert str(label) in words
    for person in ("Alice Aoki", "aa000000-0000-4000-8000-00000000000a", "Bob Baba", "192.0.2.7", "INC-7"):
        assert person in words
    # When Bob's session began, and when he last proved to Entra ID who he is.
    sign_in = AuditEvent.objects.get(action="session.signed_in", actor_object_id="bb000000-0000-4000-8000-00000000000b")
    assert f"{sign_in.occurred_at:%Y-%m-%d %H:%M:%S} UTC" in words
    assert "2026-03-04 05:06:07 UTC" in words
    assert len(re.findall(r'<tr id="event-\d+">', pack.text(f"request.{language}.html"))) == len(pack.events())


def test_the_page_needs_no_script_no_network_and_no_other_file(asked: ReimageRequest, auditor: Client) -> None:
    pack = TakenPack.by(auditor, asked.pk)
    for language in ("en", "ja"):
        page = pack.text(f"request.{language}.html")
        assert f'<html lang="{language}">' in page
        assert not re.search(r"<script|<link|<img|<iframe|\ssrc=|\son[a-z]+=|url\(|@import", page)
        assert set(re.findall(r'href="([^"]*)"', page)) == {"#machine-1", "#machine-2"}
        assert "default-src &#x27;none&#x27;" in page or "default-src 'none'" in page


def test_the_same_pack_has_the_same_bytes_whoever_takes_it(
    ended: ReimageRequest, auditor: Client, log: SealedLog
) -> None:
    first = TakenPack.by(auditor, ended.pk)
    log.grow(3)  # the taking itself among them
    auditor.cookies["django_language"] = "ja"
    again = auditor.get(f"/requests/{ended.pk}/evidence.zip", headers={"accept-language": "ja"})
    assert b"".join(again.streaming_content) == first.content


def test_a_plan_that_is_not_the_sealed_one_is_not_shown(asked: ReimageRequest, auditor: Client) -> None:
    operation = asked.operations.get(name="web-02")
    ReimageOperation.objects.filter(pk=operation.pk).update(plan={**operation.plan, "os_disk_name": "another-disk"})
    pack = TakenPack.by(auditor, asked.pk)
    assert "plan-01.json" not in pack.names
    assert "plan-02.json" in pack.names
    assert "is not the one that was sealed with the request" in pack.words()
    assert "another-disk" not in pack.words()


def test_warnings_are_those_of_the_event_not_of_the_row(asked: ReimageRequest, auditor: Client) -> None:
    ReimageOperation.objects.update(warnings_shown={"ja": ["Nothing happens."], "en": ["Nothing happens."]})
    pack = TakenPack.by(auditor, asked.pk)
    assert "Nothing happens." not in pack.words()
    assert "will be deleted and cannot be recovered" in pack.words()


@pytest.mark.asvs("V16.4.2")
def test_a_changed_event_makes_the_pack_fail_its_verifier(
    asked: ReimageRequest, auditor: Client, log: SealedLog, tmp_path: Path
) -> None:
    event = AuditEvent.objects.get(subject=asked.audit_subject, action=audit_actions.REQUEST_SUBMITTED.name)
    forged = bytes(event.body).replace(b'"Delete"', b'"Detach"')
    run("UPDATE audit_auditevent SET body = %s WHERE id = %s", parameters=[forged, event.pk])
    folder = TakenPack.by(auditor, asked.pk).unpack(tmp_path)
    code, said = verify(folder / "events.jsonl", log.public_key, verifier=folder / "verify_audit.py")
    assert code == 2
    assert "its body does not have the hashes it claims" in said


def test_a_redacted_text_is_gone_and_the_rest_still_proven(
    ended: ReimageRequest, auditor: Client, log: SealedLog, tmp_path: Path
) -> None:
    asked = AuditEvent.objects.get(subject=ended.audit_subject, action=audit_actions.REQUEST_SUBMITTED.name)
    assert ended.justification in TakenPack.by(auditor, ended.pk).words()
    texts = AuditPersonalText.objects.filter(event=asked, field__in=["/detail/justification", "/actor/name"])
    redact(texts=texts, reason="Erasure was asked for.", actor=Actor.system("test"))
    log.seal()
    pack = TakenPack.by(auditor, ended.pk)
    for name in pack.names:
        assert ended.justification.encode() not in pack.zip.read(name)
    assert "Why [redacted]" in pack.words()
    assert "申請理由 ［削除済み］" in pack.words("ja")
    assert "Erasure was asked for." in pack.words()
    assert "/actor/name /detail/justification" in pack.words()
    assert "Bob Baba" in pack.words()
    folder = pack.unpack(tmp_path)
    code, said = verify(folder / "events.jsonl", log.public_key, verifier=folder / "verify_audit.py")
    assert (code, said.strip().endswith("2 texts redacted")) == (0, True), said
    for field in ("/actor/name", "/detail/justification"):
        assert re.search(rf"redacted: event #\d+: {field}$", said, re.MULTILINE), said


def test_a_pack_without_its_approval_is_not_verified(
    ended: ReimageRequest, auditor: Client, log: SealedLog, tmp_path: Path
) -> None:
    pack = TakenPack.by(auditor, ended.pk)
    count = AuditEvent.objects.filter(subject=ended.audit_subject).count()
    claim = f"complete: {ended.audit_subject}"
    folder = pack.unpack(tmp_path)
    code, said = verify(folder / "events.jsonl", log.public_key, verifier=folder / "verify_audit.py")
    assert (code, f", {claim} from 1 to {count}, " in said) == (0, True), said
    lines = pack.text("events.jsonl").split("\n")[:-1]
    kept = [line for line in lines[:-1] if audit_actions.REQUEST_APPROVED.name not in line]
    assert len(kept) == len(lines) - 2
    forged = "\n".join([*kept, json.dumps({"events": len(kept) - 1}), ""])
    (folder / "events.jsonl").write_text(forged, encoding="utf-8")
    code, said = verify(folder / "events.jsonl", log.public_key, verifier=folder / "verify_audit.py")
    assert (code, said) == (2, f"NOT VERIFIED: it claims to be complete for {ended.audit_subject}: without 2\n")
    for language, mark in (("en", f"“{claim}”"), ("ja", f"「{claim}」")):
        assert mark in pack.text(f"README.{language}.txt")


@pytest.mark.parametrize("action", ["REQUEST_SUBMITTED", "REQUEST_APPROVED", "REQUEST_FINISHED", "OPERATION_ACCEPTED"])
def test_a_damaged_event_does_not_stop_the_pack_and_its_verifier_names_it(
    ended: ReimageRequest, auditor: Client, log: SealedLog, tmp_path: Path, action: str
) -> None:
    event = AuditEvent.objects.filter(action=getattr(audit_actions, action).name).first()
    run("UPDATE audit_auditevent SET body = %s WHERE id = %s", parameters=[b"\xff", event.pk])
    folder = TakenPack.by(auditor, ended.pk).unpack(tmp_path)
    code, said = verify(folder / "events.jsonl", log.public_key, verifier=folder / "verify_audit.py")
    named = f": event #{event.leaf.leaf_index + 1}: its body does not have the hashes it claims\n"
    assert (code, said.endswith(named)) == (2, True), said


def test_a_damaged_checkpoint_is_told_before_the_pack_begins(
    ended: ReimageRequest, auditor: Client, log: SealedLog
) -> None:
    run("UPDATE audit_auditcheckpoint SET note = 'x'")
    response = auditor.get(f"/requests/{ended.pk}/evidence.zip")
    assert (response.status_code, "is damaged" in response.content.decode()) == (400, True)
    assert not AuditEvent.objects.filter(action="evidence_pack.taken").exists()


def test_a_pack_of_an_older_request_is_signed_by_the_key_of_today(
    ended: ReimageRequest, auditor: Client, log: SealedLog, tmp_path: Path
) -> None:
    before = TakenPack.by(auditor, ended.pk)
    for name in ("second.pem", "third.pem"):
        key = log.rotate(name)
        log.grow(2)
    pack = TakenPack.by(auditor, ended.pk)
    folder = pack.unpack(tmp_path)
    code, said = verify(folder / "events.jsonl", str(folder / "public-keys.txt"), verifier=folder / "verify_audit.py")
    signer = f"sealed by {'+'.join(key.split('+')[:2])}, time 20"
    assert (code, said.splitlines()[0].startswith("VERIFIED: "), signer in said) == (0, True, True), said
    assert pack.events() == before.events()
    log.grow(3)
    assert TakenPack.by(auditor, ended.pk).content == pack.content


def test_a_request_of_which_every_event_is_damaged_still_has_its_pages_and_its_pack(
    ended: ReimageRequest, auditor: Client, log: SealedLog
) -> None:
    count = AuditEvent.objects.filter(subject=ended.audit_subject).count()
    run("UPDATE audit_auditevent SET body = %s WHERE subject = %s", parameters=[b"{}", ended.audit_subject])
    for operation in ended.operations.all():
        assert auditor.get(f"/requests/{ended.pk}/operations/{operation.pk}/").status_code == 200
    pack = TakenPack.by(auditor, ended.pk)
    assert sum(event == {} for event in pack.events()) == count
    assert "Every event of this pack" in pack.words()


def test_it_tells_the_events_and_not_altered_columns_and_texts_beside_them(
    ended: ReimageRequest, auditor: Client
) -> None:
    """As a superuser could leave them; the bodies are the sealed ones, and the verifier has no reason to complain."""
    before = TakenPack.by(auditor, ended.pk).words()
    approval = AuditEvent.objects.get(action=audit_actions.REQUEST_APPROVED.name)
    run("UPDATE audit_auditpersonaltext SET text = 'Mallory' WHERE event_id = %s", parameters=[approval.pk])
    run(
        "UPDATE audit_auditevent SET action = 'reimage_request.rejected', outcome = 'refused' WHERE id = %s",
        parameters=[approval.pk],
    )
    after = TakenPack.by(auditor, ended.pk).words()
    assert ("Request rejected" in after, "Mallory" in after, "[altered]" in after) == (False, False, True)
    assert after.count("Request approved") == before.count("Request approved")


@pytest.mark.parametrize("has_its_digest", [False, True])
@pytest.mark.parametrize(
    ("action", "member", "value"),
    [
        ("reimage_request.submitted", "virtual_machines", [{"x": 1}, 7]),
        ("reimage_request.submitted", "virtual_machines", None),
        ("reimage_request.finished", "virtual_machines", [7]),
        ("session.signed_in", "authenticated_at", "x"),
        ("preflight.started", "findings", 5),
        ("preflight.started", "findings", [7]),
        ("reimage_request.approved", "comment", "\ud800"),
    ],
)
def test_a_detail_of_another_form_breaks_neither_a_page_nor_the_pack(
    ended: ReimageRequest, auditor: Client, action: str, member: str, value: object, has_its_digest: bool
) -> None:
    event = AuditEvent.objects.filter(action=action)[0]
    told = json.loads(bytes(event.body))
    told["detail"][member] = value
    body = json.dumps(told, ensure_ascii=not has_its_digest, separators=(",", ":"), sort_keys=True)
    stored = body.encode(errors="surrogatepass")
    digest = hashlib.sha256(stored).hexdigest() if has_its_digest else event.digest
    run("UPDATE audit_auditevent SET body = %s, digest = %s WHERE id = %s", parameters=[stored, digest, event.pk])
    for operation in ended.operations.all():
        assert auditor.get(f"/requests/{ended.pk}/operations/{operation.pk}/").status_code == 200
    assert auditor.get(f"/audit/{event.event_id}/").status_code == 200
    pack = TakenPack.by(auditor, ended.pk)
    assert pack.names[-4:] == FILES[-4:]
    assert "Every event of this pack" in pack.words()
