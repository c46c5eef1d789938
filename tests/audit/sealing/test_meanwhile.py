"""What comes into the log while it is verified was verified by nobody: it proves nothing, and excuses nothing."""

import os
from collections.abc import Callable, Iterator
from threading import Thread

import pytest
from django.utils import timezone

from portal.audit.models import AuditCheckpoint, AuditEvent, AuditLeaf, AuditPersonalText
from portal.audit.sealing.merkle import leaf_hash
from portal.audit.verification import log as verification
from tests.audit.people import by_alice, redact_person
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import cut_tail, run

TAMPERED, BEHIND = 2, 3


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Does this once the events were read, before the anchors are."""

    def arrange(deed: Callable[[], object]) -> None:
        chains = verification.broken_chains

        def and_then() -> Iterator[str]:
            deed()
            return chains()

        monkeypatch.setattr(verification, "broken_chains", and_then)

    return arrange


def test_a_checkpoint_that_is_put_back_meanwhile_hides_no_cut(
    log: SealedLog, story: list[AuditEvent], meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    kept = list(AuditCheckpoint.objects.filter(tree_size__gt=9).values())
    cut_tail(9)
    meanwhile(lambda: AuditCheckpoint.objects.bulk_create(AuditCheckpoint(**row) for row in kept))
    verdict = log.verify()
    assert verdict.exit_code == TAMPERED
    assert "anchor of 12 events: the log ends at #9: its tail was cut, or an old backup restored" in verdict.tampered


def test_an_honest_sealer_that_is_at_work_meanwhile_raises_no_alarm(
    log: SealedLog, story: list[AuditEvent], meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    meanwhile(lambda: log.grow(2))
    verdict = log.verify(now=timezone.now())
    assert (verdict.exit_code, verdict.sealed) == (0, 12)


def test_a_redaction_that_somebody_seals_meanwhile_excuses_nothing(
    log: SealedLog, story: list[AuditEvent], meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    """A leaf and a checkpoint that no key signed, while the texts are looked for."""
    by_alice()
    log.grow(1)
    redact_person()
    forged = AuditEvent.objects.filter(action="audit.redacted").order_by("pk").last()
    assert forged is not None

    def seal_it() -> None:
        run(
            f"INSERT INTO audit_auditleaf (leaf_index, event_id, leaf_hash) VALUES (14, {forged.pk}, %s)",
            parameters=[leaf_hash(bytes(forged.body))],
        )
        run(
            "INSERT INTO audit_auditcheckpoint (tree_size, root_hash, sealed_at, note)"
            " SELECT 15, root_hash, sealed_at, 'lies' FROM audit_auditcheckpoint WHERE tree_size = 14"
        )

    before = log.verify()
    assert (before.exit_code, before.tampered) == (BEHIND, [])
    meanwhile(seal_it)
    assert log.verify().exit_code == BEHIND
    assert AuditLeaf.objects.filter(leaf_index=14).exists()
    assert AuditPersonalText.objects.exists()


@pytest.mark.parametrize("change", ["begun anew", "made", "replaced"])
def test_a_file_that_is_moved_or_made_meanwhile_accuses_nobody(
    log: SealedLog, story: list[AuditEvent], meanwhile: Callable[[Callable[[], object]], None], change: str
) -> None:
    kept = log.anchor_file.read_bytes()
    if change == "made":
        log.anchor_file.unlink()

    def move_and_grow() -> None:
        if change == "replaced":
            (log.folder / "new").write_bytes(kept)
            (log.folder / "new").rename(log.anchor_file)
        elif change == "begun anew":
            log.anchor_file.rename(log.folder / "old")
        log.grow(2)

    meanwhile(move_and_grow)
    assert log.verify(now=timezone.now()).tampered == []


def test_anchors_may_come_through_a_pipe(log: SealedLog, story: list[AuditEvent]) -> None:
    pipe = log.folder / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_bytes, args=(log.anchor_file.read_bytes(),))
    writer.start()
    verdict = log.verify(anchors=pipe)
    writer.join()
    assert (verdict.exit_code, verdict.anchored) == (0, 12)
