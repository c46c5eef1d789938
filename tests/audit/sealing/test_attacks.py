"""A superuser with the triggers off: whatever is changed in the log or its seal, the verifier finds it."""

import hashlib
import random
from collections.abc import Callable

import pytest
from django.db import connection
from django.utils import timezone

from portal.audit.models import AuditAnchor, AuditCheckpoint, AuditEvent, AuditLeaf, AuditSubtree
from portal.audit.sealing import sealer
from portal.audit.sealing.checkpoints import Checkpoint, read
from portal.audit.sealing.keys import read_signing_key
from portal.audit.sealing.merkle import Frontier, leaf_hash
from portal.audit.sealing.notes import Signer
from tests.audit.events import WEB_01
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import run, triggers_off

TAMPERED = 2
COLUMNS = [field.column for field in AuditEvent._meta.concrete_fields]
FORGED = {
    "id": "id + 100000",
    "event_id": "'99999999999949998999999999999999'",
    "occurred_at": "'2020-01-01 00:00:00+00'",
    "outcome": "'failed'",
    "sequence": "sequence + 100",
    "digest": "previous_digest",
    "previous_digest": "digest",
    "body": "CAST(body || ' ' AS BLOB)" if connection.vendor == "sqlite" else r"body || '\x20'::bytea",
}


@pytest.fixture
def story(log: SealedLog) -> list[AuditEvent]:
    """Twelve sealed and anchored events in three checkpoints; the second to the fifth belong to one request."""
    events = log.record(1, target=WEB_01)
    events += log.record(4, subject="reimage_request:1", flags=["delete_warning"], detail={"comment": "Please."})
    events += log.grow(1)
    events += log.grow(3, target=WEB_01, related=[WEB_01])
    events += log.grow(3)
    assert log.verify().exit_code == 0
    return events


@pytest.mark.parametrize("column", COLUMNS)
def test_an_edit_of_any_column_is_found(log: SealedLog, story: list[AuditEvent], column: str) -> None:
    value = FORGED.get(column, f"{column} || 'x'")
    run(f'UPDATE audit_auditevent SET "{column}" = {value} WHERE id = {story[3].pk}')
    verdict = log.verify()
    assert verdict.exit_code == TAMPERED
    assert any("event #4" in line for line in verdict.tampered)


def test_an_edit_of_every_column_in_harmony_is_found(log: SealedLog, story: list[AuditEvent]) -> None:
    """Body, digest and columns agree with each other again; only the leaf does not."""
    forge(story[3], b"Alice", b"Mallo")
    assert "its body is not the one that was sealed" in " ".join(log.verify().tampered)


def test_an_edit_in_harmony_with_its_leaf_is_found(log: SealedLog, story: list[AuditEvent]) -> None:
    """Nothing below the root is left to disagree."""
    body = forge(story[8], b'"success"', b'"failed" ')
    run(f"UPDATE audit_auditevent SET outcome = 'failed' WHERE id = {story[8].pk}")
    run(
        "UPDATE audit_auditleaf SET leaf_hash = %s WHERE leaf_index = 8",
        parameters=[leaf_hash(body)],
    )
    (finding,) = log.verify().tampered
    assert "checkpoint of 9 events: the events do not lead to its root; one of #7 to #9" in finding


def forge(event: AuditEvent, old: bytes, new: bytes) -> bytes:
    """Changes the body, its digest and nothing else; returns the new body."""
    body = bytes(event.body)
    changed = body.replace(old, new) if old in body else body.replace(b"reimage_request:1", b"reimage_request:2")
    run(
        f"UPDATE audit_auditevent SET body = %s, digest = %s WHERE id = {event.pk}",
        parameters=[changed, hashlib.sha256(changed).hexdigest()],
    )
    return changed


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


def cut_tail(size: int) -> None:
    run(
        f"DELETE FROM audit_auditevent WHERE id IN (SELECT event_id FROM audit_auditleaf WHERE leaf_index >= {size})",
        f"DELETE FROM audit_auditleaf WHERE leaf_index >= {size}",
        f"DELETE FROM audit_auditcheckpoint WHERE tree_size > {size}",
        f"UPDATE audit_auditanchor SET tree_size = {size}",
    )


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
    assert any("leaves beyond the last checkpoint" in line for line in verdict.tampered)


def test_a_removed_checkpoint_within_the_log_is_found_by_its_anchor(log: SealedLog, story: list[AuditEvent]) -> None:
    run("DELETE FROM audit_auditcheckpoint WHERE tree_size = 9")
    assert log.verify().tampered == ["anchor of 9 events: its checkpoint is not in the log any more"]


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
    assert log.verify().tampered == ["there are leaves beyond the last checkpoint, of 12 events"]


@pytest.mark.parametrize("column", ["tree_size", "root_hash", "sealed_at", "note"])
def test_an_edit_of_a_checkpoint_is_found(log: SealedLog, story: list[AuditEvent], column: str) -> None:
    value = {
        "tree_size": "8",
        "root_hash": "(SELECT leaf_hash FROM audit_auditleaf WHERE leaf_index = 1)",
        "sealed_at": "'2020-01-01 00:00:00'",
        "note": "replace(note, 'time 20', 'time 19')",
    }[column]
    run(f"UPDATE audit_auditcheckpoint SET {column} = {value} WHERE tree_size = 9")
    assert log.verify().exit_code == TAMPERED


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditsubtree SET root_hash = (SELECT leaf_hash FROM audit_auditleaf WHERE leaf_index = 1)",
        'UPDATE audit_auditsubtree SET "index" = 1',
        "UPDATE audit_auditsubtree SET level = 16",
        "DELETE FROM audit_auditsubtree",
    ],
)
def test_an_edit_of_a_kept_subtree_is_found(log: SealedLog, statement: str) -> None:
    log.grow(300)
    run(statement)
    assert log.verify().exit_code == TAMPERED


def test_a_surplus_subtree_is_found(log: SealedLog) -> None:
    log.grow(300)
    AuditSubtree.objects.create(level=8, index=1, root_hash=b"\x00" * 32)
    assert log.verify().exit_code == TAMPERED


def seal_the_past_again(signer: Callable[[str], Signer]) -> None:
    """Everything below the anchors is made anew, as a thief of a key with a superuser's rights would."""
    frontier = Frontier()
    sizes = list(AuditCheckpoint.objects.values_list("tree_size", flat=True))
    events = AuditEvent.objects.order_by("leaf__leaf_index").filter(leaf__isnull=False)
    leaves = []
    for event in events:
        leaves.append(AuditLeaf(leaf_index=len(leaves), event_id=event.pk, leaf_hash=leaf_hash(bytes(event.body))))
    run("DELETE FROM audit_auditleaf", "DELETE FROM audit_auditcheckpoint")
    AuditLeaf.objects.bulk_create(leaves)
    for leaf in leaves:
        frontier.append(bytes(leaf.leaf_hash))
        if frontier.size in sizes:
            made = Checkpoint("localhost/audit", frontier.size, frontier.root(), timezone.now())
            AuditCheckpoint.objects.create(
                tree_size=made.tree_size,
                root_hash=made.root_hash,
                sealed_at=made.sealed_at,
                note=made.signed_by(signer(made.origin)),
            )


def test_a_stolen_current_key_cannot_seal_the_past_again_against_the_anchors(
    log: SealedLog, story: list[AuditEvent]
) -> None:
    key = read_signing_key(log.key_file)
    forge(story[8], b'"expiry"', b'"mallet"')
    run(f"UPDATE audit_auditevent SET actor_name = 'mallet' WHERE id = {story[8].pk}")
    seal_the_past_again(lambda name: Signer(name, key))
    tampered = log.verify().tampered
    assert len(tampered) == 3
    assert all("the log has another checkpoint in its place: the past was sealed again" in line for line in tampered)


def test_a_newer_key_cannot_sign_for_the_time_of_an_older_one(log: SealedLog, story: list[AuditEvent]) -> None:
    """Even where the thief owns the anchors too."""
    log.rotate("second")
    log.grow(2)
    key = read_signing_key(log.folder / "second")
    seal_the_past_again(lambda name: Signer(name, key))
    log.anchor_file.unlink()
    AuditAnchor.objects.all().delete()
    log.anchor()
    tampered = log.verify().tampered
    assert "had to sign or to hand over" in tampered[0]


def test_an_older_key_cannot_sign_after_it_handed_over(log: SealedLog, story: list[AuditEvent]) -> None:
    log.rotate("second")
    log.settings.AUDIT_SIGNING_KEY_FILE = str(log.key_file)
    log.record(1)
    with pytest.raises(sealer.SealingRefused, match="not signed by"):
        log.seal()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealer, "refuse_another_key", lambda signer: None)
        log.seal()
    assert "had to sign or to hand over" in " ".join(log.verify().tampered)


def test_a_key_that_nobody_endorsed_is_believed_only_where_the_list_says_so(
    log: SealedLog, story: list[AuditEvent]
) -> None:
    log.rotate("second", is_lost=True)
    assert log.verify().exit_code == 0
    log.settings.AUDIT_PUBLIC_KEYS = log.settings.AUDIT_PUBLIC_KEYS.replace("after-loss:", "")
    assert "had to sign or to hand over" in " ".join(log.verify().tampered)


def test_a_key_that_is_not_trusted_is_found(log: SealedLog, story: list[AuditEvent]) -> None:
    log.rotate("second")
    log.settings.AUDIT_PUBLIC_KEYS = log.public_key
    assert "by a key that is not in AUDIT_PUBLIC_KEYS" in " ".join(log.verify().tampered)


def test_every_single_bit_that_flips_in_a_sealed_row_is_found(log: SealedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """1,000 rows, a bit of each, in a column by turns. Every one must be named, none may hide another."""
    log.grow(1000, target=WEB_01, flags=["delete_warning"], detail={"comment": "Please."})
    bits = random.Random(20261125)  # noqa: S311  # the same bits in every run
    texts = ["actor_name", "action", "target_label", "target_id", "search_text", "flags", "digest"]
    statements = []
    for place, row in enumerate(AuditEvent.objects.order_by("leaf__leaf_index").values("pk", "body", *texts)):
        column = ["body", *texts][place % 8]
        stored = bytearray(row[column].encode() if column != "body" else bytes(row[column]))
        stored[bits.randrange(len(stored))] ^= 1 << bits.randrange(7 if column != "body" else 8)
        statements.append(
            (column, bytes(stored) if column == "body" else stored.decode().replace("\0", "\x01"), row["pk"])
        )
    with triggers_off(), connection.cursor() as cursor:
        for column, value, key in statements:
            cursor.execute(f"UPDATE audit_auditevent SET {column} = %s WHERE id = %s", [value, key])
    monkeypatch.setattr("portal.audit.verification.verdict.KEPT_FINDINGS", 10_000)
    named = {line.split()[1] for line in log.verify().tampered if line.startswith("event #")}
    assert named == {f"#{number}" for number in range(1, 1001)}


def test_every_bit_of_a_checkpoint_counts(log: SealedLog) -> None:
    log.grow(3)
    note = AuditCheckpoint.objects.get().note
    assert read(note)
    bits = random.Random(20261125)  # noqa: S311  # the same bits in every run
    for _ in range(60):
        raw = bytearray(note.encode())
        raw[bits.randrange(len(raw))] ^= 1 << bits.randrange(8)
        forged = raw.decode(errors="replace").replace("\0", "\x01")
        run("UPDATE audit_auditcheckpoint SET note = %s", parameters=[forged])
        assert log.verify().exit_code == TAMPERED, forged


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
