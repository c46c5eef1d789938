"""A checkpoint's text as C2SP writes it (https://c2sp.org/tlog-checkpoint), with the time as an extension line."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from portal.audit.canonical import canonical_time
from portal.audit.sealing import notes
from portal.audit.sealing.notes import NoteError, SignedNote, Signer

LARGEST_SIZE = 2**63 - 1  # what a database can hold


@dataclass(frozen=True)
class Checkpoint:
    """The log of this name had so many events, under this root, at that time."""

    origin: str
    tree_size: int
    root_hash: bytes
    sealed_at: datetime

    @property
    def text(self) -> str:
        """What is signed."""
        root = base64.b64encode(self.root_hash).decode()
        return f"{self.origin}\n{self.tree_size}\n{root}\ntime {canonical_time(self.sealed_at)}\n"

    def signed_by(self, *signers: Signer) -> str:
        """The note."""
        return notes.sign(self.text, signers)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises NoteError unless the text is exactly what this class would write."""
        try:
            origin, size, root, time, end = text.split("\n")
            found = cls(
                origin,
                int(size),
                base64.b64decode(root, validate=True),
                datetime.fromisoformat(time.removeprefix("time ")),
            )
            is_in_form = found.text == text
        except (ValueError, OverflowError) as err:  # a time may lie before the first one in UTC
            raise NoteError("The note is no checkpoint of an audit log.") from err
        if end or len(found.root_hash) != 32 or not is_in_form or found.tree_size > LARGEST_SIZE:
            raise NoteError("The note is no checkpoint of an audit log in its one form.")
        return found


def read(note: str) -> tuple[Checkpoint, SignedNote]:
    """A checkpoint and its signatures, not verified yet. Raises NoteError."""
    signed = notes.parse(note)
    return Checkpoint.parse(signed.text), signed


def signers_by(signed: SignedNote, keys: Sequence[notes.VerifierKey]) -> list[notes.VerifierKey]:
    """Those of the keys that truly signed."""
    return [key for key in keys if signed.is_signed_by(key)]
