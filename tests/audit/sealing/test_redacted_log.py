"""A redacted log is sound, by both verifiers; a text that is gone, changed or put back in any other way is not."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from portal.audit.canonical import canonical_bytes
from portal.audit.insertion import insert, log_cursor
from portal.audit.models import AuditEvent, AuditPersonalText
from portal.audit.personal import commitment_to
from portal.audit.projection import columns_of
from portal.audit.redaction import redact, texts_of_event
from portal.audit.verification import events, reading
from tests.audit.events import record_event
from tests.audit.people import GROUND, OPERATOR, about_alice, by_alice, redact_person
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.standalone import export_to, verify
from tests.audit.sealing.tampering import run, triggers_off

SOUND, TAMPERED, BEHIND = 0, 2, 3
TEXTS = "audit_auditpersonaltext"
CHECKS_OFF, CHECKS_ON = {
    "sqlite": (["PRAGMA ignore_check_constraints = ON"], ["PRAGMA ignore_check_constraints = OFF"]),
    "postgresql": (["ALTER TABLE audit_auditleaf DROP CONSTRAINT audit_leaf_counts_from_zero"], []),
}[connection.vendor]


@pytest.fixture
def story(log: SealedLog) -> list[AuditEvent]:
    """Four sealed and anchored events, the second and third by Alice; seven texts."""
    events = [record_event(), by_alice(subject="reimage_request:1"), by_alice("満杯 \u2028 'x'"), about_alice()]
    log.seal()
    log.anchor()
    assert log.verify().exit_code == SOUND
    return events


def test_a_redacted_log_is_sound(log: SealedLog, story: list[AuditEvent]) -> None:
    redact_person()
    verdict = log.verify(now=story[0].occurred_at)
    assert (verdict.exit_code, verdict.tampered) == (BEHIND, [])
    assert "event #2: its personal text /actor/name was removed, and the redaction is not sealed yet" in verdict.behind
    log.seal()
    log.anchor()
    verdict = log.verify()
    assert (verdict.exit_code, verdict.tampered, verdict.sealed) == (SOUND, [], 7)


def test_the_leaves_are_not_counted_again_for_every_part_of_a_long_log(
    log: SealedLog, story: list[AuditEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    """To count a million leaves takes a tenth of a second; one part more, one count more would take minutes."""
    redact_person()
    log.seal()
    log.anchor()
    asked, read = [], reading.rows

    def watched(sql: str, *parameters: Any) -> list[reading.Row]:
        asked.append(sql)
        return read(sql, *parameters)

    monkeypatch.setattr(reading, "rows", watched)
    counts: list[int] = []
    for chunk in (events.CHUNK, 1):
        asked.clear()
        monkeypatch.setattr(events, "CHUNK", chunk)
        assert log.verify().exit_code == SOUND
        counts.append(sum("COUNT(*) FROM audit_auditleaf" in sql for sql in asked))
    assert counts[0] == counts[1] > 0


def finding(log: SealedLog) -> str:
    """The one thing that is wrong."""
    verdict = log.verify()
    assert verdict.exit_code == TAMPERED
    (found,) = verdict.tampered
    return found


def test_a_text_that_was_removed_besides_is_found(log: SealedLog, story: list[AuditEvent]) -> None:
    run(f"DELETE FROM {TEXTS} WHERE event_id = {story[1].pk} AND field = '/detail/comment'")
    assert finding(log) == (
        "event #2: its personal text /detail/comment was removed, and no event says that it was redacted"
    )


def test_a_text_that_was_removed_beside_a_redaction_of_another_is_found(
    log: SealedLog, story: list[AuditEvent]
) -> None:
    redact(texts=texts_of_event(story[1].event_id).filter(field="/actor/name"), reason=GROUND, actor=OPERATOR)
    log.grow(1)
    run(f"DELETE FROM {TEXTS} WHERE event_id = {story[1].pk}")
    assert finding(log).startswith("event #2: its personal text /detail/comment was removed")


@pytest.mark.parametrize("column", ["text", "salt"])
def test_a_text_or_salt_that_was_changed_is_found(log: SealedLog, story: list[AuditEvent], column: str) -> None:
    other = f"(SELECT {column} FROM {TEXTS} WHERE event_id = {story[2].pk} AND field = '/detail/comment')"
    run(f"UPDATE {TEXTS} SET {column} = {other} WHERE event_id = {story[1].pk} AND field = '/detail/comment'")
    found = finding(log)
    assert found.startswith("event #2 (")
    assert found.endswith("its personal text /detail/comment, or the salt of it, is not what was recorded")


def test_a_border_that_moved_between_salt_and_text_is_found(log: SealedLog, story: list[AuditEvent]) -> None:
    """The hash is the same; the length of the salt says where the text begins."""
    row = AuditPersonalText.objects.get(event=story[1], field="/detail/comment")
    moved = [bytes(row.salt) + row.text[:3].encode(), row.text[3:]]
    run(f"UPDATE {TEXTS} SET salt = %s, text = %s WHERE id = {row.pk}", parameters=moved)
    assert "is not what was recorded" in finding(log)


def test_texts_that_changed_places_are_found(log: SealedLog, story: list[AuditEvent]) -> None:
    one, other = story[1].pk, story[2].pk
    run(
        f"UPDATE {TEXTS} SET event_id = -1 WHERE event_id = {one}",
        f"UPDATE {TEXTS} SET event_id = {one} WHERE event_id = {other}",
        f"UPDATE {TEXTS} SET event_id = {other} WHERE event_id = -1",
    )
    assert len(log.verify().tampered) == 4


def test_a_text_that_nothing_commits_to_is_found(log: SealedLog, story: list[AuditEvent]) -> None:
    with triggers_off():
        AuditPersonalText.objects.create(event=story[0], field="/detail/x", salt=b"s" * 32, text="Forged.")
    assert "there is a personal text /detail/x, to which its body has no commitment" in finding(log)


def test_a_text_of_no_event_is_found(log: SealedLog, story: list[AuditEvent]) -> None:
    with triggers_off():
        AuditPersonalText.objects.create(event_id=10**9, field="/detail/x", salt=b"s" * 32, text="Forged.")
    assert "belongs to no event" in finding(log)


def test_a_text_that_was_put_back_is_found(log: SealedLog, story: list[AuditEvent]) -> None:
    """Out of a backup, past the redaction."""
    before = list(AuditPersonalText.objects.filter(event=story[1]).values("event_id", "field", "salt", "text"))
    redact_person()
    log.grow(1)
    with triggers_off():
        AuditPersonalText.objects.create(**before[0])
    assert "is there, although it is said to be redacted" in finding(log)


def test_a_name_cannot_be_changed_in_harmony_with_its_commitment(log: SealedLog, story: list[AuditEvent]) -> None:
    row = AuditPersonalText.objects.get(event=story[1], field="/actor/name")
    old = commitment_to(bytes(row.salt), row.text)
    new = commitment_to(bytes(row.salt), "Mallory")
    body = bytes(story[1].body).replace(old.encode(), new.encode())
    run(f"UPDATE {TEXTS} SET text = 'Mallory' WHERE id = {row.pk}")
    run(f"UPDATE audit_auditevent SET body = %s WHERE id = {story[1].pk}", parameters=[body])
    assert any("its body is not the one that was sealed" in line for line in log.verify().tampered)


def test_a_redaction_that_is_no_event_any_more_explains_nothing(log: SealedLog, story: list[AuditEvent]) -> None:
    redact_person()
    log.grow(1)
    broken = {"sqlite": "CAST('{' AS BLOB)", "postgresql": r"'\x7b'::bytea"}[connection.vendor]
    run(f"UPDATE audit_auditevent SET body = {broken} WHERE action = 'audit.redacted'")
    assert sum("no event says that it was redacted" in line for line in log.verify().tampered) == 6


def forged_redaction(of: AuditEvent, field: str, beyond: str = "") -> int:
    """By a superuser who writes the row as the portal would, dated so that nobody waits for it; returns its key."""
    genuine = record_event()
    told = {
        "occurred_at": "2099-01-01T00:00:00.000000Z",
        "action": "audit.redacted",
        "target": {"kind": "audit_event", "id": f"{of.event_id}{beyond}", "label": ""},
        "detail": {"fields": [field], "reason": GROUND},
    }
    body = canonical_bytes(json.loads(bytes(genuine.body)) | told)
    run(f"DELETE FROM audit_auditevent WHERE id = {genuine.pk}", f"DELETE FROM {TEXTS} WHERE event_id = {genuine.pk}")
    with log_cursor() as cursor:
        return insert(cursor, columns_of(body) | {"body": body, "digest": hashlib.sha256(body).hexdigest()}).pk


def test_a_redaction_of_something_else_excuses_nothing_where_both_read_alike(
    log: SealedLog, story: list[AuditEvent], tmp_path: Path
) -> None:
    forged_redaction(story[1], "/comment", beyond="/detail")
    log.seal(thorough=True)
    run(f"DELETE FROM {TEXTS} WHERE event_id = {story[1].pk} AND field = '/detail/comment'")
    code, said = verify(export_to(tmp_path / "all.jsonl"), log.public_key)
    assert (code, "/detail/comment is missing, and no event says that it was redacted" in said) == (2, True)
    assert "no event says that it was redacted" in finding(log)


@pytest.mark.parametrize("leaf", [None, -1, 10**6])
def test_a_redaction_without_a_place_in_the_log_excuses_nothing(
    log: SealedLog, story: list[AuditEvent], leaf: int | None
) -> None:
    key = forged_redaction(story[1], "/detail/comment")
    run(f"DELETE FROM {TEXTS} WHERE event_id = {story[1].pk} AND field = '/detail/comment'")
    if leaf is not None:
        run(
            *CHECKS_OFF,
            "INSERT INTO audit_auditleaf (leaf_index, event_id, leaf_hash) "
            f"VALUES ({leaf}, {key}, (SELECT leaf_hash FROM audit_auditleaf WHERE leaf_index = 0))",
            *CHECKS_ON,
        )
    verdict = log.verify()
    assert verdict.exit_code != SOUND
    assert (
        "event #2: its personal text /detail/comment was removed, and the redaction is not sealed yet" in verdict.behind
    )


def test_an_unsealed_redaction_of_a_text_that_is_there_accuses_nobody(log: SealedLog, story: list[AuditEvent]) -> None:
    forged_redaction(story[1], "/detail/comment")
    verdict = log.verify()
    assert (verdict.exit_code, verdict.tampered) == (BEHIND, [])
    assert verdict.behind[0].endswith("it is said to be redacted by an event that is not sealed yet")


def test_an_export_discloses_its_texts_until_they_are_redacted(
    log: SealedLog, story: list[AuditEvent], tmp_path: Path
) -> None:
    code, words = verify(export_to(tmp_path / "before.jsonl"), log.public_key)
    assert (code, words.endswith(", 0 texts missing, 0 texts redacted\n")) == (0, True), words
    assert "Alice Aoki" in (tmp_path / "before.jsonl").read_text(encoding="utf-8")
    redact_person()
    log.grow(1)
    after = export_to(tmp_path / "after.jsonl")
    code, words = verify(after, log.public_key)
    assert code == 0
    assert words.splitlines()[:2] == ["redacted: event #2: /actor/name", "redacted: event #2: /detail/comment"]
    assert words.splitlines()[-1].endswith(", 6 texts redacted")
    content = after.read_text(encoding="utf-8")
    assert "Bob Baba" in content
    assert not [text for text in ("Alice", "Please", "満杯", "She asked") if text in content]


def test_an_export_of_before_is_still_verified_afterwards(
    log: SealedLog, story: list[AuditEvent], tmp_path: Path
) -> None:
    """Whoever was given a text keeps what proves it; the log cannot take that back."""
    before = export_to(tmp_path / "before.jsonl")
    redact_person()
    log.grow(1)
    assert verify(before, log.public_key)[0] == 0


@pytest.mark.parametrize(
    ("part", "value"),
    [("text", "Mallory"), ("salt", "00" * 32), ("salt", "00"), ("salt", "senseless"), ("text", 7), ("text", None)],
)
def test_a_disclosed_text_that_is_not_what_was_recorded_is_refused(
    log: SealedLog, story: list[AuditEvent], tmp_path: Path, part: str, value: object
) -> None:
    export = export_to(tmp_path / "export.jsonl")
    lines = export.read_text(encoding="utf-8").split("\n")
    line = json.loads(lines[2])
    line["personal"]["/actor/name"][part] = value
    lines[2] = json.dumps(line, ensure_ascii=False)
    export.write_text("\n".join(lines), encoding="utf-8")
    code, words = verify(export, log.public_key)
    assert code == 2
    assert "line 3: event #2: /actor/name is not the text" in words or "line 3: it is not in its form" in words


def test_a_text_that_nothing_commits_to_is_refused_in_an_export(
    log: SealedLog, story: list[AuditEvent], tmp_path: Path
) -> None:
    with triggers_off():
        AuditPersonalText.objects.create(event=story[1], field="/detail/x", salt=b"s" * 32, text="Forged.")
    code, words = verify(export_to(tmp_path / "export.jsonl"), log.public_key)
    assert (code, "event #2: /detail/x is not the text that was recorded" in words) == (2, True)


def test_a_redaction_whose_row_has_a_number_that_none_has_still_counts(log: SealedLog, story: list[AuditEvent]) -> None:
    """The texts are put back, and the event that says they are gone is moved below the first row."""
    kept = list(AuditPersonalText.objects.values_list("event_id", "field", "salt", "text"))
    redact_person()
    log.grow(1)
    there = set(AuditPersonalText.objects.values_list("event_id", "field"))
    for event, field, salt, text in kept:
        if (event, field) not in there:
            insert = f"INSERT INTO {TEXTS} (event_id, field, salt, text) VALUES (%s, %s, %s, %s)"
            run(insert, parameters=[event, field, salt, text])
    assert log.verify().exit_code == TAMPERED
    keys = list(AuditEvent.objects.filter(action="audit.redacted").values_list("pk", flat=True))
    for key in keys:
        run(
            f"UPDATE audit_auditevent SET id = -id WHERE id = {key}",
            f"UPDATE audit_auditleaf SET event_id = -event_id WHERE event_id = {key}",
            f"UPDATE {TEXTS} SET event_id = -event_id WHERE event_id = {key}",
        )
    verdict = log.verify()
    assert any("is there, although it is said to be redacted" in line for line in verdict.tampered)
    assert any("no database gives a row that number" in line for line in verdict.tampered)
