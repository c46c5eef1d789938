"""A superuser with the triggers off: whatever is changed in the log or its seal, the verifier finds it."""

import pytest
import time_machine
from django.db import connection, models

from portal.audit.models import (
    AuditCheckpoint,
    AuditEvent,
    AuditLeaf,
    AuditPersonalText,
    AuditSubtree,
)
from portal.audit.sealing.merkle import leaf_hash
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import cut_tail, forge, run

TAMPERED = 2
OTHER_HASH = "(SELECT leaf_hash FROM audit_auditleaf WHERE leaf_index = 1)"
EDITS: dict[type[models.Model], dict[str, str]] = {
    AuditEvent: {
        "id": "id + 100000",
        "event_id": "'99999999999949998999999999999999'",
        "occurred_at": "'2020-01-01 00:00:00+00'",
        "outcome": "'failed'",
        "sequence": "sequence + 100",
        "digest": "previous_digest",
        "previous_digest": "digest",
        "body": "CAST(body || ' ' AS BLOB)" if connection.vendor == "sqlite" else r"body || '\x20'::bytea",
    },
    AuditLeaf: {"leaf_index": "99", "event_id": "-1", "leaf_hash": OTHER_HASH},
    AuditSubtree: {"level": "16", "index": "1", "root_hash": OTHER_HASH},
    AuditCheckpoint: {
        "tree_size": "8",
        "root_hash": OTHER_HASH,
        "sealed_at": "'2020-01-01 00:00:00'",
        "note": "replace(note, 'time 20', 'time 19')",
    },
    AuditPersonalText: {"event_id": "-1", "salt": OTHER_HASH},
}
ROWS = {
    AuditEvent: "id = (SELECT event_id FROM audit_auditleaf WHERE leaf_index = 3)",
    AuditLeaf: "leaf_index = 3",
    AuditSubtree: "level = 8",
    AuditCheckpoint: "tree_size = 9",
    AuditPersonalText: "id = (SELECT MIN(id) FROM audit_auditpersonaltext)",
}
# Numbers of rows that nothing refers to: they say nothing, and so there is nothing to falsify.
MEANINGLESS = {(AuditSubtree, "id"), (AuditCheckpoint, "id"), (AuditPersonalText, "id")}
EVERY_COLUMN = [
    (model, field.column)
    for model in EDITS
    for field in model._meta.concrete_fields
    if (model, field.column) not in MEANINGLESS
]


@pytest.mark.parametrize(("model", "column"), EVERY_COLUMN, ids=lambda part: getattr(part, "__name__", part))
def test_an_edit_of_any_column_of_any_table_is_found(
    log: SealedLog, story: list[AuditEvent], model: type[models.Model], column: str
) -> None:
    if model is AuditSubtree:
        log.grow(256)
    value = EDITS[model].get(column, f"{column} || 'x'")
    run(f'UPDATE {model._meta.db_table} SET "{column}" = {value} WHERE {ROWS[model]}')
    verdict = log.verify()
    assert verdict.exit_code == TAMPERED
    if model is AuditEvent:
        assert any("event #4" in line for line in verdict.tampered)


def test_an_edit_of_every_column_in_harmony_is_found(log: SealedLog, story: list[AuditEvent]) -> None:
    """Body, digest and columns agree with each other again; only the leaf does not."""
    forge(story[3], b"Alice", b"Mallo")
    assert "its body is not the one that was sealed" in " ".join(log.verify().tampered)


def test_an_edit_in_harmony_with_its_leaf_is_found(log: SealedLog, story: list[AuditEvent]) -> None:
    """Nothing below the root is left to disagree."""
    body = forge(story[8], b'"success"', b'"failed"')
    run(f"UPDATE audit_auditevent SET outcome = 'failed' WHERE id = {story[8].pk}")
    run(
        "UPDATE audit_auditleaf SET leaf_hash = %s WHERE leaf_index = 8",
        parameters=[leaf_hash(body)],
    )
    (finding,) = log.verify().tampered
    assert "checkpoint of 9 events: the events do not lead to its root; one of #7 to #9" in finding


@pytest.mark.parametrize("place", [0, 3, 5, 11], ids=["first", "within a request", "middle", "last"])
@pytest.mark.parametrize("with_leaf", [False, True])
def test_a_removed_event_is_found(log: SealedLog, story: list[AuditEvent], place: int, with_leaf: bool) -> None:
    key = story[place].pk
    leaf = [f"DELETE FROM audit_auditleaf WHERE event_id = {key}"] if with_leaf else []
    run(*leaf, f"DELETE FROM audit_auditevent WHERE id = {key}")
    verdict = log.verify()
    assert verdict.exit_code == TAMPERED
    assert any(f"event #{place + 1}:" in line for line in verdict.tampered)


def test_a_removed_event_whose_place_the_next_ones_take_is_found(log: SealedLog, story: list[AuditEvent]) -> None:
    run(
        f"DELETE FROM audit_auditleaf WHERE event_id = {story[6].pk}",
        f"DELETE FROM audit_auditevent WHERE id = {story[6].pk}",
        *(f"UPDATE audit_auditleaf SET leaf_index = {index - 1} WHERE leaf_index = {index}" for index in range(7, 12)),
    )
    assert log.verify().exit_code == TAMPERED


def test_a_cut_tail_is_found_by_the_anchor_and_by_nothing_else(log: SealedLog, story: list[AuditEvent]) -> None:
    cut_tail(9)
    verdict = log.verify()
    assert verdict.tampered == ["anchor of 12 events: the log ends at #9: its tail was cut, or an old backup restored"]
    log.anchor_file.write_bytes(b"".join(log.anchor_file.read_bytes().splitlines(keepends=True)[:2]))
    assert log.verify().exit_code == 0


def test_a_tail_that_was_cut_and_grew_again_is_found(log: SealedLog, story: list[AuditEvent]) -> None:
    """As an old backup would, once the portal goes on; the sealer's own refusal is got round."""
    cut_tail(9)
    anchors, log.settings.AUDIT_ANCHOR_FILE = log.anchor_file, str(log.folder / "other.jsonl")
    log.grow(3)
    log.grow(1)
    assert "anchor of 12 events: the log has another checkpoint" in log.verify(anchors=anchors).tampered[0]


def test_without_a_checkpoint_the_log_is_cut(log: SealedLog, story: list[AuditEvent]) -> None:
    run("DELETE FROM audit_auditcheckpoint WHERE tree_size = 12")
    verdict = log.verify()
    assert any("anchor of 12 events: the log ends at #9" in line for line in verdict.tampered)
    assert any("or beyond the last checkpoint" in line for line in verdict.tampered)


def test_a_removed_checkpoint_within_the_log_is_found_by_its_anchor(log: SealedLog, story: list[AuditEvent]) -> None:
    run("DELETE FROM audit_auditcheckpoint WHERE tree_size = 9")
    assert log.verify().tampered == ["anchor of 9 events: its checkpoint is not in the log any more"]


def test_an_event_of_another_time_is_found_though_all_its_columns_agree(
    log: SealedLog, story: list[AuditEvent]
) -> None:
    year = f'"occurred_at":"{story[7].occurred_at:%Y}'.encode()
    forge(story[7], year, b'"occurred_at":"2020')
    at = f"{story[7].occurred_at:%m-%d %H:%M:%S.%f}"
    suffix = "" if connection.vendor == "sqlite" else "+00"
    run(f"UPDATE audit_auditevent SET occurred_at = '2020-{at}{suffix}' WHERE id = {story[7].pk}")
    (finding,) = log.verify().tampered
    assert "event #8" in finding
    assert "its body is not the one that was sealed" in finding


def test_an_event_that_is_slipped_in_with_an_earlier_time_is_remarked_upon(
    log: SealedLog, story: list[AuditEvent]
) -> None:
    with time_machine.travel("2024-10-09T04:45:00Z", tick=False):
        log.record(1)
    log.grow(1)
    verdict = log.verify()
    assert (verdict.exit_code, verdict.remarks) == (
        0,
        ["sealed long after they say they happened, or before, among others: #13"],
    )


def test_two_events_that_changed_places_are_found(log: SealedLog, story: list[AuditEvent]) -> None:
    one, other = story[6].pk, story[7].pk
    run(
        f"UPDATE audit_auditleaf SET event_id = -1 WHERE event_id = {one}",
        f"UPDATE audit_auditleaf SET event_id = {one} WHERE event_id = {other}",
        f"UPDATE audit_auditleaf SET event_id = {other} WHERE event_id = -1",
    )
    assert len(log.verify().tampered) == 2


def test_two_leaves_that_changed_places_are_found(log: SealedLog, story: list[AuditEvent]) -> None:
    run(
        "UPDATE audit_auditleaf SET leaf_index = 99 WHERE leaf_index = 6",
        "UPDATE audit_auditleaf SET leaf_index = 6 WHERE leaf_index = 7",
        "UPDATE audit_auditleaf SET leaf_index = 7 WHERE leaf_index = 99",
    )
    assert "one of #7 to #9" in log.verify().tampered[0]


def test_a_forged_event_in_between_is_found(log: SealedLog, story: list[AuditEvent]) -> None:
    (forged,) = log.record(1)
    run(
        *(
            f"UPDATE audit_auditleaf SET leaf_index = {index + 1} WHERE leaf_index = {index}"
            for index in range(11, 5, -1)
        )
    )
    AuditLeaf.objects.bulk_create([AuditLeaf(leaf_index=6, event_id=forged.pk, leaf_hash=leaf_hash(forged.body))])
    assert log.verify().exit_code == TAMPERED


def test_a_forged_event_at_the_end_is_found(log: SealedLog, story: list[AuditEvent]) -> None:
    (forged,) = log.record(1)
    AuditLeaf.objects.bulk_create([AuditLeaf(leaf_index=12, event_id=forged.pk, leaf_hash=leaf_hash(forged.body))])
    assert log.verify().tampered == [
        "there are leaves before the first place or beyond the last checkpoint, of 12 events"
    ]


def test_a_removed_subtree_is_found(log: SealedLog) -> None:
    log.grow(300)
    run("DELETE FROM audit_auditsubtree")
    assert log.verify().exit_code == TAMPERED


def test_a_surplus_subtree_is_found(log: SealedLog) -> None:
    log.grow(300)
    AuditSubtree.objects.create(level=8, index=1, root_hash=b"\x00" * 32)
    assert log.verify().exit_code == TAMPERED


def test_a_damaged_value_does_not_stop_the_reading(log: SealedLog, story: list[AuditEvent]) -> None:
    if connection.vendor != "sqlite":
        return  # PostgreSQL lets no column hold what is not of its type
    run(
        "UPDATE audit_auditevent SET occurred_at = 'never' WHERE sequence = 1",
        "UPDATE audit_auditevent SET event_id = x'ff', actor_name = CAST(x'ff' AS TEXT) WHERE sequence = 2",
        "UPDATE audit_auditevent SET body = 7, sequence = 'x' WHERE sequence = 3",
        "UPDATE audit_auditevent SET body = CAST('[' AS BLOB) WHERE sequence = 4",
    )
    named = {line.split()[1].rstrip(":") for line in log.verify().tampered if line.startswith("event #")}
    assert {"#2", "#3", "#4", "#5"} <= named
