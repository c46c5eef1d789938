"""The sealer: every committed event gets one place, in one tree, under a signed checkpoint; or nothing is signed."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from portal.audit import tasks
from portal.audit.models import AuditCheckpoint, AuditLeaf, AuditSubtree
from portal.audit.models.append_only import AppendOnlyError
from portal.audit.sealing.checkpoints import read
from portal.audit.sealing.keys import SigningKeyProblem
from portal.audit.sealing.merkle import Frontier, leaf_hash
from portal.audit.sealing.notes import VerifierKey
from portal.audit.sealing.sealer import Sealed, SealingRefused
from portal.audit.sealing.status import Backlog, backlog, seal_status
from portal.audit.sealing.tree import TreeIncomplete
from tests.audit.sealing.logs import SealedLog


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
