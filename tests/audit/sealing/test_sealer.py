"""The sealer: every committed event gets one place, in one tree, under a signed checkpoint; or nothing is signed."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from portal.audit import tasks
from portal.audit.catalogue import AUDIT_KEY_REPLACED
from portal.audit.models import AuditCheckpoint, AuditEvent, AuditLeaf, AuditSubtree
from portal.audit.models.append_only import AppendOnlyError
from portal.audit.sealing import sealer
from portal.audit.sealing.checkpoints import read
from portal.audit.sealing.keys import SigningKeyProblem
from portal.audit.sealing.merkle import Frontier, inclusion_proof, leaf_hash, root_by_proof
from portal.audit.sealing.notes import VerifierKey
from portal.audit.sealing.sealer import Sealed, SealingRefused
from portal.audit.sealing.status import Backlog, backlog, seal_status
from portal.audit.sealing.tree import StoredTree, TreeIncomplete
from tests.audit.memory import most_memory
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import run


def test_every_event_gets_the_next_place_and_the_hash_of_its_body(log: SealedLog) -> None:
    events = log.record(5)
    assert log.seal() == Sealed(tree_size=5, added=5)
    leaves = AuditLeaf.objects.order_by("leaf_index")
    assert [(leaf.leaf_index, leaf.event_id) for leaf in leaves] == list(enumerate(event.pk for event in events))
    assert [bytes(leaf.leaf_hash) for leaf in leaves] == [leaf_hash(event.body) for event in events]


def test_the_checkpoint_is_signed_and_has_the_root_over_all_events(log: SealedLog) -> None:
    now = timezone.now()
    events = log.record(5)
    log.seal(now=now)
    row = AuditCheckpoint.objects.get()
    checkpoint, signed = read(row.note)
    frontier = Frontier()
    for event in events:
        frontier.append(leaf_hash(event.body))
    assert (checkpoint.origin, checkpoint.tree_size, checkpoint.sealed_at) == ("localhost/audit", 5, now)
    assert checkpoint.root_hash == frontier.root() == bytes(row.root_hash)
    assert signed.is_signed_by(VerifierKey.parse(log.public_key))


def test_sealing_again_adds_nothing(log: SealedLog) -> None:
    log.record(2)
    log.seal()
    assert log.seal() == Sealed(tree_size=2, added=0)
    assert AuditCheckpoint.objects.count() == 1


def test_many_rounds_grow_one_tree_whose_every_leaf_has_a_proof(
    log: SealedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealer, "ROUND", 100)
    log.record(530)
    assert log.seal() == Sealed(tree_size=530, added=530)
    assert list(AuditCheckpoint.objects.values_list("tree_size", flat=True)) == [100, 200, 300, 400, 500, 530]
    assert list(AuditSubtree.objects.values_list("level", "index")) == [(8, 0), (8, 1)]
    tree, root = StoredTree(), log.last_checkpoint().root_hash
    for leaf in AuditLeaf.objects.all():
        proof = inclusion_proof(tree, leaf.leaf_index, 530)
        assert root_by_proof(bytes(leaf.leaf_hash), leaf.leaf_index, 530, proof) == root


def test_what_comes_along_is_no_more_than_a_round(log: SealedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    events = log.record(30, subject="s:1")
    signer = sealer.Signer("localhost/audit", sealer.keys.signing_key())
    sealer.extend(None, [(events[0].pk, leaf_hash(events[0].body))], signers=[signer], now=timezone.now())
    monkeypatch.setattr(sealer, "LOOK_BEHIND", 1)
    monkeypatch.setattr(sealer, "_first_to_look_at", lambda: events[25].pk)
    monkeypatch.setattr(sealer, "ROUND", 10)
    assert log.seal().added == 29
    assert list(AuditCheckpoint.objects.values_list("tree_size", flat=True)) == [1, 11, 21, 30]
    assert list(AuditLeaf.objects.order_by("leaf_index").values_list("event_id", flat=True)) == [
        event.pk for event in events
    ]


def test_a_round_reads_no_large_event_that_names_a_key(log: SealedLog) -> None:
    """Each round reads all of them, and whoever may add events can add many."""
    log.grow(10, action=AUDIT_KEY_REPLACED, detail={"new_key": "x", "text": "x" * 400_000})
    log.record(1)
    with most_memory() as most:
        assert log.seal().added == 1
    assert most[0] < 2_000_000


def test_however_large_its_events_a_round_holds_few_at_a_time(log: SealedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer, "BODIES", 2)
    large = 400_000
    log.record(12, detail={"text": "x" * large})
    with most_memory() as most:
        assert log.seal() == Sealed(tree_size=12, added=12)
    assert most[0] < 6 * large
    assert log.verify().exit_code == 3  # nothing but its anchor is missing


def test_an_event_that_commits_late_is_sealed_though_its_id_is_smaller(log: SealedLog) -> None:
    """As PostgreSQL gives ids before they commit; here the late one's id is given by hand."""
    early = log.record(2)
    late = AuditEvent.objects.get(pk=early[0].pk)
    sealer.extend(
        None,
        [(early[1].pk, leaf_hash(early[1].body))],
        signers=[sealer.Signer("localhost/audit", sealer.keys.signing_key())],
        now=timezone.now(),
    )
    assert log.seal().added == 1
    assert AuditLeaf.objects.get(event=late).leaf_index == 1


def test_beyond_the_look_behind_only_the_thorough_round_finds_a_late_event(
    log: SealedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealer, "LOOK_BEHIND", 1)
    events = log.record(4)
    signer = sealer.Signer("localhost/audit", sealer.keys.signing_key())
    sealer.extend(
        None, [(event.pk, leaf_hash(event.body)) for event in events[2:]], signers=[signer], now=timezone.now()
    )
    assert log.seal().added == 0
    assert log.seal(thorough=True).added == 2


def test_a_late_event_is_sealed_with_the_one_that_follows_it(log: SealedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer, "LOOK_BEHIND", 1)
    late, *others, following = [*log.record(1, subject="s:1"), *log.record(3), *log.record(1, subject="s:1")]
    signer = sealer.Signer("localhost/audit", sealer.keys.signing_key())
    sealer.extend(None, [(event.pk, leaf_hash(event.body)) for event in others], signers=[signer], now=timezone.now())
    assert log.seal().added == 2
    assert list(AuditLeaf.objects.filter(leaf_index__gte=3).values_list("event_id", flat=True)) == [
        late.pk,
        following.pk,
    ]


def test_what_was_rolled_back_takes_no_place(log: SealedLog) -> None:
    log.record(1)
    with transaction.atomic():
        log.record(1)
        transaction.set_rollback(True)
    log.record(1)
    assert log.seal().tree_size == 2


@pytest.mark.parametrize("model", [AuditLeaf, AuditSubtree, AuditCheckpoint])
def test_a_sealer_that_dies_anywhere_leaves_nothing_and_the_next_one_goes_on(
    log: SealedLog, monkeypatch: pytest.MonkeyPatch, model: type
) -> None:
    log.record(300)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(model.objects, "create" if model is AuditCheckpoint else "bulk_create", die)
        with pytest.raises(KeyboardInterrupt):
            log.seal()
    assert not AuditLeaf.objects.exists()
    assert not AuditSubtree.objects.exists()
    assert log.seal() == Sealed(tree_size=300, added=300)


def test_a_second_sealer_cannot_give_a_place_again(log: SealedLog) -> None:
    events = log.record(2)
    log.seal()
    with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
        AuditLeaf.objects.bulk_create([AuditLeaf(leaf_index=1, event_id=events[0].pk, leaf_hash=b"")])


@pytest.mark.parametrize("table", ["audit_auditleaf", "audit_auditsubtree", "audit_auditcheckpoint"])
@pytest.mark.parametrize(
    "statement", ["DELETE FROM {}", "UPDATE {} SET {} = {}", "TRUNCATE {}", "REPLACE INTO {} SELECT * FROM {}"]
)
def test_the_database_refuses_to_change_the_seal(log: SealedLog, table: str, statement: str) -> None:
    only = {"TRUNCATE": "postgresql", "REPLACE": "sqlite"}.get(statement.split()[0], connection.vendor)
    if only != connection.vendor:
        return
    log.record(256)
    log.seal()
    column = {"audit_auditleaf": "leaf_hash"}.get(table, "root_hash")
    parts = {"TRUNCATE": [table], "REPLACE": [table, table], "DELETE": [table]}.get(
        statement.split()[0], [table, column, column]
    )
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(*parts))


@pytest.mark.parametrize("model", [AuditLeaf, AuditSubtree, AuditCheckpoint])
def test_the_models_refuse_to_change_the_seal(log: SealedLog, model: type) -> None:
    for deed in (
        lambda rows: rows.update(root_hash=b""),
        lambda rows: rows.delete(),
        lambda rows: rows.bulk_update([], []),
    ):
        with pytest.raises(AppendOnlyError):
            deed(model.objects.all())


def test_without_a_key_nothing_is_sealed(log: SealedLog) -> None:
    log.settings.AUDIT_SIGNING_KEY_FILE = ""
    log.record(1)
    with pytest.raises(SigningKeyProblem, match="AUDIT_SIGNING_KEY_FILE is not set"):
        log.seal()
    assert not AuditLeaf.objects.exists()


def test_the_log_keeps_its_name_when_the_portal_moves(log: SealedLog) -> None:
    log.grow()
    log.settings.PUBLIC_URL = "https://elsewhere.example.com"
    log.grow()
    assert log.last_checkpoint().origin == "localhost/audit"


def test_another_key_signs_nothing(log: SealedLog, tmp_path: Path) -> None:
    log.grow()
    (tmp_path / "other").mkdir()
    other = SealedLog.in_folder(tmp_path / "other", log.settings)
    other.record(1)
    with pytest.raises(SealingRefused, match="AUDIT_PUBLIC_KEYS does not name localhost/audit"):
        other.seal()
    assert AuditLeaf.objects.count() == 1


def test_a_missing_leaf_is_found_before_anything_is_signed(log: SealedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    log.grow(3)
    monkeypatch.setattr("portal.audit.sealing.tree._read_tile", lambda level, tile: {})
    log.record(1)
    with pytest.raises(TreeIncomplete, match=r"node 0 of level 1|node \d+ of level 0"):
        log.seal()


def test_a_missing_leaf_raises_the_alarm_and_holds_up_no_anchor(
    log: SealedLog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log.grow(3)
    anchored: list[bool] = []
    monkeypatch.setattr(tasks, "anchor_checkpoints", lambda now: anchored.append(True))
    monkeypatch.setattr("portal.audit.sealing.tree._read_tile", lambda level, tile: {})
    log.record(1)
    tasks.seal()
    assert "audit.sealing_refused" in caplog.text
    assert anchored == [True]


def test_the_status_counts_what_is_sealed_anchored_and_waiting(log: SealedLog) -> None:
    log.grow(3)
    (event,) = log.record(1)
    status = seal_status()
    assert (status.sealed_up_to, status.anchored_up_to, status.failing_since) == (3, 3, None)
    assert (backlog().events, backlog().since) == (1, event.occurred_at)
    log.seal(now=timezone.now() + timedelta(seconds=5))
    assert (seal_status().sealed_up_to, seal_status().anchored_up_to, backlog()) == (4, 3, Backlog())


HUGE = 4 * 10**15


def give_id(event: AuditEvent, number: int) -> None:
    """As an INSERT that names its own id does."""
    run(f"UPDATE audit_auditevent SET id = {number} WHERE id = {event.pk}")


@pytest.mark.parametrize("count", [1, 40])
def test_no_huge_id_hides_the_events_that_follow_it(log: SealedLog, count: int) -> None:
    """Else they would wait for the thorough round, and until then nobody would know that they wait."""
    log.record(50)
    log.seal()
    for number, event in enumerate(log.record(count)):
        give_id(event, HUGE + number)
    assert log.seal().added == count
    for number, event in enumerate(log.record(3), start=HUGE - 1_000_000):
        give_id(event, number)
    assert backlog().events == 3
    assert log.seal().added == 3


def test_no_sequence_that_was_set_back_hides_the_events_that_follow_it(log: SealedLog) -> None:
    for number, event in enumerate(log.record(50), start=1_000_000):
        give_id(event, number)
    log.seal()
    for number, event in enumerate(log.record(3), start=1):
        give_id(event, number)
    assert backlog().events == 3
    assert log.seal().added == 3


def test_what_has_a_time_to_come_does_not_widen_the_look_for_ever(log: SealedLog) -> None:
    """As the newest by time it would be in each round's reach, and with it all that came since."""
    with time_machine.travel(timezone.now() + timedelta(days=300), tick=False):
        log.record(1)
    for number, event in enumerate(log.record(3), start=1_000_000):
        give_id(event, number)
    log.seal()
    begin = re.search(r'"id" >= (-?\d+)', str(sealer.unsealed_events(thorough=False).query))
    assert begin
    assert int(begin[1]) > 900_000


def test_within_a_subject_places_follow_numbers_whatever_the_ids(log: SealedLog, tmp_path: Path) -> None:
    first, between, second = log.record(1, subject="s:1") + log.record(1) + log.record(1, subject="s:1")
    give_id(first, second.pk + 100)
    log.seal()
    leaves = AuditLeaf.objects.order_by("leaf_index").values_list("event__event_id", flat=True)
    assert list(leaves) == [between.event_id, first.event_id, second.event_id]
    assert log.verify().exit_code != 2
