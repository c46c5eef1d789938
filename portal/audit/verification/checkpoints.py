"""Holds checkpoints against the keys that are trusted, their own columns, and the order in which keys took over."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from portal.audit.sealing import checkpoints
from portal.audit.sealing.checkpoints import Checkpoint
from portal.audit.sealing.keys import TrustedKey
from portal.audit.sealing.notes import NoteError, SignedNote
from portal.audit.verification.reading import Row, as_bytes, as_stored, as_text, plain, rows
from portal.audit.verification.verdict import Verdict


@dataclass
class KeyOrder:
    """Which of the trusted keys signs at present; they follow each other and never go back."""

    trusted: Sequence[TrustedKey]
    current: int = 0

    def problem_with(self, signed: SignedNote) -> str:
        """What is wrong with the signatures of the next checkpoint; nothing if they are right."""
        keys = [entry.key for entry in self.trusted]
        true = [keys.index(key) for key in signed.signers(keys) if key]  # in the note's order: the last one goes on
        following = self.current + 1
        if len(true) != len(signed.signatures):
            return "it has a signature that is false, or by a key that is not in AUDIT_PUBLIC_KEYS"
        if true == [self.current]:
            return ""
        if true == [self.current, following] or (true == [following] and self.trusted[following].after_loss):
            self.current = following
            return ""
        names = " and ".join(self.trusted[place].key.short for place in true)
        return f"it is signed by {names}, where {self.trusted[self.current].key.short} had to sign or to hand over"


def verified_checkpoints(trusted: Sequence[TrustedKey], verdict: Verdict, *, up_to: int) -> Iterator[Checkpoint]:
    """Every checkpoint in order; what is wrong with one goes into the verdict, and one that is none is left out."""
    order, after, origin = KeyOrder(trusted), 0, ""
    while chunk := _checkpoints_of(after, up_to):
        for size, *columns, note in chunk:
            where, after = f"checkpoint of {size} events", size
            try:
                checkpoint, signed = checkpoints.read(as_text(note))
            except NoteError:
                verdict.found([f"{where}: its note is damaged"])
                continue
            origin = origin or checkpoint.origin
            verdict.found(f"{where}: {problem}" for problem in _problems(checkpoint, size, columns, origin))
            before = trusted[order.current]
            if problem := order.problem_with(signed):
                verdict.found([f"{where}: {problem}"])
            if before != trusted[order.current]:
                verdict.retired[before.key.short] = size if signed.is_signed_by(before.key) else size - 1
            yield checkpoint
    verdict.signed_by = trusted[order.current].key.short if after else ""
    _remark_on_losses(order, verdict)


def _checkpoints_of(after: int, up_to: int) -> list[Row]:
    return rows(
        f"""
        SELECT tree_size, root_hash, {plain("sealed_at")}, note FROM audit_auditcheckpoint
        WHERE tree_size > %s AND tree_size <= %s ORDER BY tree_size LIMIT 1000
        """,  # noqa: S608  # a column of our own model
        (after, up_to),
    )


def _problems(checkpoint: Checkpoint, size: int, columns: Sequence[object], origin: str) -> Iterator[str]:
    root_hash, sealed_at = columns
    if checkpoint.tree_size != size:
        yield "column tree_size is not what its note says"
    if checkpoint.root_hash != as_bytes(root_hash):
        yield "column root_hash is not what its note says"
    if as_stored(checkpoint.sealed_at) != sealed_at:
        yield "column sealed_at is not what its note says"
    if checkpoint.origin != origin:
        yield f"it is of another log, {checkpoint.origin!r}"


def _remark_on_losses(order: KeyOrder, verdict: Verdict) -> None:
    for entry in order.trusted[1 : order.current + 1]:
        if entry.after_loss:
            verdict.remarks.append(f"{entry.key.short} took over after a loss: only anchors bind what was before it")
