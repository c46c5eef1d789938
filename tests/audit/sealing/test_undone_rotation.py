"""A key's taking over is a second signature below its last checkpoint: taken away, or in another order, it shows."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from deploy import audit_key
from portal.audit.catalogue import AUDIT_KEY_REPLACED
from portal.audit.models import AuditCheckpoint
from portal.audit.sealing.anchor_file import anchor_line
from portal.audit.sealing.checkpoints import read
from portal.audit.sealing.notes import Signer, sign
from portal.audit.sealing.sealer import SealingRefused
from tests.audit.events import record_event
from tests.audit.sealing.logs import URL, SealedLog
from tests.audit.sealing.tampering import run

TAMPERED, BEHIND = 2, 3


def load_private_key(file: Path) -> Ed25519PrivateKey:
    key = load_pem_private_key(file.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    return key


def made_key(file: Path) -> Path:
    audit_key.make_private_key(file)
    return file


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


def test_nor_does_it_where_nobody_has_told_the_worker_of_the_new_one(rotated: SealedLog) -> None:
    """Neither its key file nor its list was changed yet: the log's own event of the rotation says so."""
    rewrite("stripped")
    rotated.settings.AUDIT_SIGNING_KEY_FILE = str(rotated.key_file)
    rotated.settings.AUDIT_PUBLIC_KEYS = rotated.public_key
    verdict = rotated.verify()
    assert verdict.exit_code == BEHIND
    assert any(
        "a signature that the log's checkpoint lacks, by a key that is not in" in line for line in verdict.behind
    )
    rotated.record(1)
    with pytest.raises(SealingRefused, match="The log was handed over to"):
        rotated.seal()


def test_a_retired_key_accuses_nobody_of_what_came_after_it(rotated: SealedLog) -> None:
    """Its thief signs the newest true note as well, and adds that to the file."""
    rotated.grow(1)
    newest = AuditCheckpoint.objects.order_by("-tree_size")[0].note
    checkpoint, _ = read(newest)
    old = Signer(checkpoint.origin, load_private_key(rotated.key_file))
    line = sign(checkpoint.text, [old]).rpartition("\n\n")[2]
    with rotated.anchor_file.open("ab") as file:
        file.write(anchor_line(newest + line))
    assert rotated.verify().exit_code == 0


def forged_successor(key: str) -> None:
    """As whoever may write events can add it: a web process that was taken over."""
    record_event(action=AUDIT_KEY_REPLACED, detail={"new_key": key, "old_key_is_lost": False})


def test_no_invented_successor_stops_the_sealing_or_the_next_rotation(log: SealedLog, story: object) -> None:
    stranger = audit_key.public_key_of(made_key(log.folder / "stranger"), URL)
    for key in (stranger, "localhost/audit+00000000+AAAA", ""):
        forged_successor(key)
        assert log.seal().added == 1
        log.grow(1)
    log.rotate("second")
    log.grow(1)
    assert log.verify().exit_code == 0


def test_no_retired_key_comes_back_by_an_event_that_names_it(rotated: SealedLog) -> None:
    forged_successor(rotated.public_key)
    rotated.grow(1)
    rotated.grow(1)
    assert rotated.verify().exit_code == 0


def test_an_invented_successor_hides_no_true_one(rotated: SealedLog) -> None:
    """Told of neither key, with the true one's signature taken away."""
    forged_successor("localhost/audit+00000000+AAAA")
    rotated.grow(1)
    rotated.settings.AUDIT_SIGNING_KEY_FILE = str(rotated.key_file)
    newest = AuditCheckpoint.objects.order_by("-tree_size")[0]
    text, _, _ = newest.note.rpartition("\n\n")
    forged = sign(text + "\n", [Signer("localhost/audit", load_private_key(rotated.key_file))])
    run(f"UPDATE audit_auditcheckpoint SET note = %s WHERE tree_size = {newest.tree_size}", parameters=[forged])
    rotated.record(1)
    with pytest.raises(SealingRefused, match="The log was handed over to"):
        rotated.seal()
