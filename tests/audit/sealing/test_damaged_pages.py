"""A damaged event or checkpoint is named, and hides nothing else: no page fails, no file breaks off in its middle."""

import csv
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from portal.audit.actors import Actor
from portal.audit.canonical import DEEPEST, canonical_bytes
from portal.audit.models import AuditEvent, AuditPersonalText
from portal.audit.personal import commitment_to
from portal.audit.sealing.merkle import leaf_hash
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.standalone import export_to, verify
from tests.audit.sealing.tampering import forge, run
from tests.audit.sealing.test_pages import page

NO_UTF8, NO_JSON, NO_EVENT, NO_DETAIL = b"\xff\xfe no json", b"{", b"{}", b"[7]"
of_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL lets no column hold another type")
ALTERED_WORDS = {"en": "The columns beside this event were altered", "ja": "列が改変されています"}
WORDS = {"en": "This event is damaged", "ja": "このイベントは破損しており"}


@pytest.fixture
def events(log: SealedLog) -> list[AuditEvent]:
    return log.grow(3, subject="reimage_request:1")


def damage(event: AuditEvent, body: bytes) -> None:
    run("UPDATE audit_auditevent SET body = %s WHERE id = %s", parameters=[body, event.pk])


def is_proven(auditor: Client, event: AuditEvent) -> bool:
    """Whether its page shows its place and proof, and not that there is none."""
    text = page(auditor, f"/audit/{event.event_id}/")
    said = tuple(words in text for words in ("Place in the sealed log", "every anchor knows", "No proof can be made"))
    assert said in {(True, True, False), (False, False, True)}
    return said[0]


def test_a_page_shows_no_proof_beside_a_body_that_was_not_sealed(auditor: Client, events: list[AuditEvent]) -> None:
    changed = forge(events[1], b'"success"', b'"failed" ')
    assert [is_proven(auditor, event) for event in events] == [True, False, True]
    run("UPDATE audit_auditleaf SET leaf_hash = %s WHERE leaf_index = 1", parameters=[leaf_hash(changed)])
    assert [is_proven(auditor, event) for event in events] == [False, False, False]


def test_a_page_shows_no_proof_by_a_checkpoint_that_does_not_sign_for_it(
    auditor: Client, log: SealedLog, events: list[AuditEvent]
) -> None:
    """Though the columns beside the signed words say so."""
    (later,) = log.grow()
    notes = "(SELECT note FROM audit_auditcheckpoint WHERE tree_size = 3)"
    run(f"UPDATE audit_auditcheckpoint SET note = {notes} WHERE tree_size = 4")
    assert is_proven(auditor, later) is False


@of_sqlite
@pytest.mark.parametrize(
    "change",
    [
        "audit_auditevent SET body = CAST(body AS TEXT)",
        "audit_auditevent SET body = 5",
        "audit_auditleaf SET leaf_hash = 5 WHERE leaf_index = 1",
        "audit_auditleaf SET leaf_index = 1.5 WHERE leaf_index = 1",
        "audit_auditcheckpoint SET note = CAST(note AS BLOB)",
    ],
)
def test_a_page_shows_no_proof_by_values_of_another_type(
    auditor: Client, events: list[AuditEvent], change: str
) -> None:
    run(f"UPDATE {change}")
    assert is_proven(auditor, events[1]) is False


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_page_tells_the_event_and_not_altered_columns_beside_it(
    auditor: Client, events: list[AuditEvent], language: str
) -> None:
    run(
        "UPDATE audit_auditevent SET outcome = 'refused', action = 'user.signed_in', occurred_at = '2020-02-02 00:00Z' "
        f"WHERE id = {events[1].pk}"
    )
    told = [
        auditor.get(f"/audit/{event.event_id}/", headers={"accept-language": language}).content.decode()
        for event in events[:2]
    ]
    assert [ALTERED_WORDS[language] in text for text in told] == [False, True]
    assert not any(false in told[1] for false in ("user.signed_in", "2020-02-02", "status tone-bad"))
    assert events[1].action in told[1]
    assert is_proven(auditor, events[1])
    rows = csv.DictReader(io.StringIO(b"".join(auditor.get("/audit/export.csv").streaming_content).decode("utf-8-sig")))
    assert {row["outcome"] for row in rows if row["event_id"] == str(events[1].event_id)} == {"success"}


@pytest.mark.parametrize(("language", "words"), [("en", "[altered]"), ("ja", "［改変あり］")])
def test_a_text_that_was_exchanged_is_not_shown(auditor: Client, log: SealedLog, language: str, words: str) -> None:
    (event,) = log.grow(actor=Actor.unknown("Alice Aoki"))
    run("UPDATE audit_auditpersonaltext SET text = 'Mallory' WHERE field = '/actor/name'")
    told = auditor.get(f"/audit/{event.event_id}/", headers={"accept-language": language}).content.decode()
    facts = told[told.index('<dl class="facts">') :]
    assert (words in facts, "Mallory" in facts) == (True, False)


@pytest.mark.parametrize("moved", [1, -1])
def test_nor_is_one_whose_border_to_its_salt_was_moved(auditor: Client, log: SealedLog, moved: int) -> None:
    """The hash is that of salt and text together: the first words could go into the salt."""
    (event,) = log.grow(actor=Actor.unknown("Alice Aoki"))
    row = AuditPersonalText.objects.get(field="/actor/name")
    salt, text = b"s" * 32, b"Alice Aoki"
    forge(event, commitment_to(bytes(row.salt), row.text).encode(), hashlib.sha256(salt + text).hexdigest().encode())
    both = salt + text
    parted = [both[: 32 + moved], both[32 + moved :].decode(), row.pk]
    run("UPDATE audit_auditpersonaltext SET salt = %s, text = %s WHERE id = %s", parameters=parted)
    facts = auditor.get(f"/audit/{event.event_id}/").content.decode().partition('<dl class="facts">')[2]
    assert ("[altered]" in facts, "lice Aoki" in facts) == (True, False)


HALF_A_PAIR = rb'"\ud800"'


def with_detail(body: bytes, depth: int) -> bytes:
    """The body with so many objects within each other as its detail."""
    return body.replace(b'"detail":{}', b'"detail":' + b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1))


def with_member(body: bytes, name: str, value: object) -> bytes:
    return canonical_bytes(json.loads(body) | {name: value})


def test_the_deepest_detail_is_shown_to_its_end(auditor: Client, log: SealedLog) -> None:
    detail: dict[str, object] = {"reason": "the innermost"}
    for _ in range(DEEPEST - 2):  # the body is one of them, and the innermost is there
        detail = {"reason": detail}
    (event,) = log.grow(1, detail=detail)
    facts = page(auditor, f"/audit/{event.event_id}/").split("<pre")[0]
    assert "the innermost" in facts
    assert is_proven(auditor, event)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.replace(b'"success"', HALF_A_PAIR),
        lambda body: body.replace(b'"detail":{}', b'"detail":{"reason":' + HALF_A_PAIR + b"}"),
        lambda body: body.replace(b'"related":[]', b'"related":[{"kind":null,"id":"x","label":"y"}]'),
        lambda body: body.replace(b'"detail":', b'"detail": '),
        lambda body: with_member(body, "occurred_at", "0001-01-01T00:00:00+14:00"),
        lambda body: with_member(body, "occurred_at", "9999-12-31T23:59:59.000000Z"),
        lambda body: with_member(body, "occurred_at", "2026-12-01T00:00:00"),
        lambda body: with_member(body, "action", []),
        lambda body: with_member(body, "action", "Reimaged, verified by Azure \u202edenrut"),
        lambda body: with_member(body, "session_reference", ["x"]),
        lambda body: with_member(body, "subject", [1]),
        lambda body: with_member(body, "sequence", 2_147_483_647),
        lambda body: with_member(body, "version", "2"),
        lambda body: with_detail(body, DEEPEST),
        lambda body: with_detail(body, 100),
        lambda body: with_detail(body, 400),
        lambda body: with_detail(body, 900),
        lambda body: with_detail(body, 50_000),
    ],
)
@pytest.mark.parametrize("has_its_digest", [False, True])
def test_a_body_that_nobody_could_have_recorded_is_damaged_and_fails_no_page(
    auditor: Client, events: list[AuditEvent], change: Callable[[bytes], bytes], has_its_digest: bool
) -> None:
    body = change(bytes(events[1].body))
    assert body != bytes(events[1].body)
    damage(events[1], body)
    if has_its_digest:
        digest = hashlib.sha256(body).hexdigest()
        run("UPDATE audit_auditevent SET digest = %s WHERE id = %s", parameters=[digest, events[1].pk])
    for path in ("", "export.csv", "export.jsonl", f"{events[1].event_id}/proof.jsonl"):
        response = auditor.get(f"/audit/{path}")
        content = b"".join(response.streaming_content) if response.streaming else response.content
        assert (response.status_code, bool(content)) == (200, True), path
    assert is_proven(auditor, events[1]) is False


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("body", [NO_UTF8, NO_JSON, NO_EVENT, NO_DETAIL])
def test_the_page_of_a_damaged_event_says_so(
    auditor: Client, events: list[AuditEvent], body: bytes, language: str
) -> None:
    damage(events[1], body)
    pages = [
        auditor.get(f"/audit/{event.event_id}/", headers={"accept-language": language})
        for event in (events[1], events[2])
    ]
    assert [page.status_code for page in pages] == [200, 200]
    damaged, other = (page.content.decode() for page in pages)
    assert (WORDS[language] in damaged, WORDS[language] in other) == (True, False)
    assert str(events[1].event_id) in damaged
    assert auditor.get("/audit/").status_code == 200


@pytest.mark.parametrize("body", [NO_UTF8, NO_JSON, NO_EVENT, NO_DETAIL])
def test_a_csv_names_the_damaged_event_and_goes_on(auditor: Client, events: list[AuditEvent], body: bytes) -> None:
    damage(events[1], body)
    content = b"".join(auditor.get("/audit/export.csv").streaming_content)
    rows = {row["event_id"]: row["detail"] for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig")))}
    assert rows[str(events[1].event_id)] == "damaged: run audit_verify"
    assert json.loads(rows[str(events[2].event_id)]) is not None


@pytest.mark.parametrize("body", [NO_UTF8, NO_JSON, NO_EVENT, NO_DETAIL])
def test_json_lines_hold_the_damaged_event_and_the_verifier_names_it(
    auditor: Client, log: SealedLog, events: list[AuditEvent], tmp_path: Path, body: bytes
) -> None:
    damage(events[1], body)
    by_list = b"".join(auditor.get("/audit/export.jsonl").streaming_content)
    proof = auditor.get(f"/audit/{events[1].event_id}/proof.jsonl").content
    files = {"list": by_list, "proof": proof, "command": export_to(tmp_path / "file").read_bytes()}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        code, said = verify(tmp_path / name, log.public_key)
        line = 2 if name == "proof" else 3
        assert (code, said) == (
            2,
            f"NOT VERIFIED: line {line}: event #2: its body does not have the hashes it claims\n",
        )
    lines = [json.loads(line) for line in by_list.decode().split("\n")[:-1]]
    assert ([line["leaf_index"] for line in lines[1:-1]], lines[-1]) == ([0, 1, 2], {"events": 3})


@of_sqlite
@pytest.mark.parametrize(
    "change",
    [
        "audit_auditevent SET body = CAST(body AS TEXT)",
        "audit_auditleaf SET leaf_hash = 'x'",
        "audit_auditleaf SET leaf_index = 1.5 WHERE leaf_index = 1",
        "audit_auditcheckpoint SET tree_size = 'x'",
        "audit_auditpersonaltext SET text = CAST(text AS BLOB)",
        "audit_auditpersonaltext SET salt = 'x'",
        "audit_auditpersonaltext SET field = CAST(field AS BLOB)",
    ],
)
def test_a_value_of_another_type_breaks_nothing_off(auditor: Client, events: list[AuditEvent], change: str) -> None:
    run(f"UPDATE {change}")
    for path in ("", "export.csv", "export.jsonl", f"{events[1].event_id}/", f"{events[1].event_id}/proof.jsonl"):
        response = auditor.get(f"/audit/{path}")
        content = b"".join(response.streaming_content) if response.streaming else response.content
        assert (response.status_code, bool(content)) == (200, True), path


@pytest.mark.parametrize("note", ["x", "", "a\n\nb\n"])
def test_a_damaged_checkpoint_is_a_page_that_says_so_and_no_export(
    auditor: Client, log: SealedLog, events: list[AuditEvent], note: str, tmp_path: Path
) -> None:
    run("UPDATE audit_auditcheckpoint SET note = %s", parameters=[note])
    for path in ("export.jsonl", f"{events[1].event_id}/proof.jsonl"):
        response = auditor.get(f"/audit/{path}")
        assert response.status_code == 400
        assert "The checkpoint that would prove it is damaged." in response.content.decode()
    assert is_proven(auditor, events[1]) is False
    for command in (["audit_export", str(tmp_path / "file")], ["audit_proof", str(events[1].event_id)]):
        with pytest.raises(CommandError, match="note"):
            call_command(*command)
    assert not (tmp_path / "file").exists()
    assert not AuditEvent.objects.filter(action="audit_log.exported").exists()
