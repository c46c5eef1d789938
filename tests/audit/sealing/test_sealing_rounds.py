"""What a round of the sealer takes: how many events, which of those that came late, and in which order."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.utils import timezone

from portal.audit.catalogue import AUDIT_KEY_REPLACED
from portal.audit.models import AuditCheckpoint, AuditEvent, AuditLeaf, AuditSubtree
from portal.audit.sealing import sealer
from portal.audit.sealing.merkle import inclusion_proof, leaf_hash, root_by_proof
from portal.audit.sealing.sealer import Sealed
from portal.audit.sealing.status import backlog
from portal.audit.sealing.tree import StoredTree
from tests.audit.memory import most_memory
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import run

HUGE = 4 * 10**15


def give_id(event: AuditEvent, number: int) -> None:
    """As an INSERT that names its own id does."""
    run(f"UPDATE audit_auditevent SET id = {number} WHERE id = {event.pk}")


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
