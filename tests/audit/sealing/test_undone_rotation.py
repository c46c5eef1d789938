"""A key's taking over is a second signature below its last checkpoint: taken away, or in another order, it shows."""

import pytest

from portal.audit.models import AuditCheckpoint
from portal.audit.sealing.sealer import SealingRefused
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import run

TAMPERED = 2


@pytest.fixture
def rotated(log: SealedLog, story: object) -> SealedLog:
    """The new key took over; worker and verifier know it."""
    log.rotate("second")
    log.anchor()
    assert log.verify().exit_code == 0
    return log


def rewrite(change: str) -> None:
    """Of the checkpoint under which it took over; no key is needed for that."""
    last = AuditCheckpoint.objects.order_by("-tree_size")[0]
    text, _, tail = last.note.rpartition("\n\n")
    old, new = tail.removesuffix("\n").split("\n")
    lines = {"stripped": [old], "swapped": [new, old]}[change]
    note = "\n".join([text + "\n", *lines, ""])
    run(f"UPDATE audit_auditcheckpoint SET note = %s WHERE tree_size = {last.tree_size}", parameters=[note])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("stripped", "the log's checkpoint lacks a signature that it had: a key's taking over was undone"),
        ("swapped", "had to sign or to hand over"),
    ],
)
def test_the_verifier_tells(rotated: SealedLog, change: str, words: str) -> None:
    rewrite(change)
    verdict = rotated.verify()
    assert verdict.exit_code == TAMPERED
    assert any(words in line for line in verdict.tampered)


def test_the_old_key_seals_nothing_more(rotated: SealedLog) -> None:
    """A worker that was not started again yet, or a thief of that key."""
    new_key = rotated.settings.AUDIT_SIGNING_KEY_FILE
    rewrite("stripped")
    rotated.record(1)
    for key in (new_key, str(rotated.key_file)):
        rotated.settings.AUDIT_SIGNING_KEY_FILE = key
        with pytest.raises(SealingRefused):
            rotated.seal()
