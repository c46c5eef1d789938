"""Checkpoints as signed notes: written in one form, read in no other."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portal.audit.sealing import notes
from portal.audit.sealing.checkpoints import Checkpoint, read, signers_by
from portal.audit.sealing.notes import NoteError, Signer, VerifierKey

NAME = "reimage.example.com/audit"
CHECKPOINT = Checkpoint(NAME, 42, b"\x07" * 32, datetime(2026, 11, 25, 4, 0, tzinfo=UTC))


def signer(seed: int = 1, name: str = NAME) -> Signer:
    return Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def test_a_checkpoint_is_the_text_of_the_specification() -> None:
    first, second, root, time = CHECKPOINT.text.splitlines()
    assert (first, second, time) == (NAME, "42", "time 2026-11-25T04:00:00.000000Z")
    assert root == "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="


def test_the_known_example_of_the_specification_verifies() -> None:
    """The example of golang.org/x/mod/sumdb/note, which C2SP's signed-note describes."""
    key = VerifierKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    note = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
        "\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    assert notes.parse(note).is_signed_by(key)
    assert not notes.parse(note.replace("think", "thunk")).is_signed_by(key)


def test_a_note_is_signed_by_all_its_signers_and_nobody_else() -> None:
    one, other, stranger = (signer(seed) for seed in (1, 2, 3))
    checkpoint, signed = read(CHECKPOINT.signed_by(one, other))
    assert checkpoint == CHECKPOINT
    trusted = [key.verifier_key for key in (one, other, stranger)]
    assert signers_by(signed, trusted) == trusted[:2]


def test_a_key_of_another_name_has_not_signed() -> None:
    signed = read(CHECKPOINT.signed_by(signer()))[1]
    assert not signed.is_signed_by(signer(name="elsewhere.example.com/audit").verifier_key)


def test_a_verifier_key_survives_being_written() -> None:
    key = signer().verifier_key
    assert VerifierKey.parse(str(key)) == key


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text.replace("+", " "),
        lambda text: text[:-4],
        lambda text: text.replace("reimage", "elsewhere"),
        lambda text: text.replace("+A", "+C"),
        lambda text: text + "é",
    ],
)
def test_anything_else_is_no_verifier_key(damage: Callable[[str], str]) -> None:
    with pytest.raises(NoteError):
        VerifierKey.parse(damage(str(signer().verifier_key)))


@pytest.mark.parametrize(
    "damage",
    [
        lambda note: "",
        lambda note: note.replace("\n\n", "\n"),
        lambda note: note.replace("— ", "- "),
        lambda note: note[:-5] + "\n",
        lambda note: note.rstrip("\n"),
        lambda note: note.replace("42\n", "042\n"),
        lambda note: note.replace("42\n", "x\n"),
        lambda note: note.replace("time ", ""),
        lambda note: note.replace("000000Z", "000000+00:00"),
        lambda note: note.replace("Z\n", "Z\nanother line\n"),
        lambda note: note.replace("BwcH", "Bw"),
        lambda note: note.replace("wc=\n", "wd=\n"),
        lambda note: note.replace("=\n", "é=\n"),
    ],
)
def test_a_damaged_note_is_no_checkpoint(damage: Callable[[str], str]) -> None:
    with pytest.raises(NoteError):
        read(damage(CHECKPOINT.signed_by(signer())))
