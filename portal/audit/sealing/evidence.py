"""Sealed events as evidence: JSON Lines that prove themselves to whoever has the log's public key.

The first line is the checkpoint, then come events in the order of their places, the last line counts them. Each event
has its body as it was stored, its place, its proof, and what opens the commitments to its personal texts as far as they
are not redacted, so that any line can be verified alone (docs/verify_audit.py).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet, Value

from portal.audit.models import AuditCheckpoint, AuditEvent, AuditLeaf
from portal.audit.sealing import checkpoints
from portal.audit.sealing.checkpoints import Checkpoint
from portal.audit.sealing.keys import SigningKeyProblem, trusted_keys
from portal.audit.sealing.merkle import inclusion_proof, leaf_hash, root_by_proof
from portal.audit.sealing.notes import NoteError
from portal.audit.sealing.tree import StoredTree, TreeIncomplete

FORMAT = "reimage-portal-audit-1"
CHUNK = 100  # held at a time, of a million bytes each and a quarter of that of texts at the most


class SignerUnknown(Exception):
    """No key that this process was told of signed a checkpoint: forged, or the key was replaced since it started."""


class NothingSealed(Exception):
    """There is no checkpoint yet, so nothing can be proven."""


def newest_note() -> str:
    """The checkpoint that evidence refers to. Raises NothingSealed, and NoteError where it is damaged."""
    row = AuditCheckpoint.objects.order_by("-tree_size").first()
    if row is None:
        raise NothingSealed("No event is sealed yet: try again in a few seconds.")
    tree_size_of(row.note)
    return str(row.note)


def evidence_lines(
    leaves: Iterable[AuditLeaf],
    *,
    note: str,
    is_whole: bool = False,
    complete: Sequence[str] = (),
    about: Mapping[str, object] | None = None,
) -> Iterator[str]:
    """The file, a line at a time; the leaves come with their events, in order, and lie within the checkpoint.

    `complete` names the subjects of which a selection has every event that was sealed; the verifier holds it to that.
    `about` is told in the first line for people: which selection this is. Nothing proves it.
    """
    size = tree_size_of(note)
    claims = {"complete": list(complete)} if complete else {}
    selection = "all" if is_whole else "some"
    yield _line({"format": FORMAT, "checkpoint": note, "selection": selection, **claims, **(about or {})})
    tree, count = StoredTree(), 0
    for leaf in leaves:
        count += 1
        yield _line(_proven(leaf, tree, size))
    yield _line({"events": count})


def tree_size_of(note: str) -> int:
    """How many events a checkpoint signs for. Raises NoteError."""
    return checkpoints.read(note)[0].tree_size


def leaves_within(leaves: QuerySet[AuditLeaf], note: str) -> QuerySet[AuditLeaf]:
    """Those that the checkpoint signs for; what was sealed later is for the next export to prove."""
    return leaves.filter(leaf_index__gte=0, leaf_index__lt=tree_size_of(note))


def in_chunks(leaves: QuerySet[AuditLeaf]) -> Iterator[AuditLeaf]:
    """In order, each chunk from where the last one ended: nothing is held, and no query runs for hours."""
    after, found = -1, _readable(leaves)
    while chunk := list(found.filter(leaf_index__gt=Value(after))[:CHUNK]):  # on SQLite it may be a fraction: as it is
        yield from chunk
        after = chunk[-1].leaf_index


def leaves_at(places: Sequence[int]) -> Iterator[AuditLeaf]:
    """The leaves of these indexes, which are in order, a chunk at a time."""
    for start in range(0, len(places), CHUNK):
        chunk = places[start : start + CHUNK]
        yield from _readable(AuditLeaf.objects.filter(leaf_index__in=chunk))


def _readable(leaves: QuerySet[AuditLeaf]) -> QuerySet[AuditLeaf]:
    """In order, with their events and what opens their commitments."""
    return leaves.select_related("event").prefetch_related("event__personal_texts").order_by("leaf_index")


def _proven(leaf: AuditLeaf, tree: StoredTree, size: int) -> dict[str, object]:
    proven: dict[str, object] = {
        "leaf_index": leaf.leaf_index,
        "digest": str(leaf.event.digest),
        "leaf_hash": stored_bytes(leaf.leaf_hash).hex(),
        "proof": _proof_in(tree, leaf.leaf_index, size),
        "body": stored_bytes(leaf.event.body).decode(errors="replace"),
    }
    if leaf.event.personal_fields:
        texts = leaf.event.personal_texts.all()
        proven["personal"] = {
            str(row.field): {"salt": stored_bytes(row.salt).hex(), "text": str(row.text)} for row in texts
        }
    return proven


def stored_bytes(value: bytes | memoryview | object) -> bytes:
    """What a column of bytes holds; of what a damaged file of SQLite has in its place, something else.

    Damage must not end an export in its middle: the verifier names the event, and the others are evidence still.
    """
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode(errors="replace")


def _proof_in(tree: StoredTree, leaf_index: int, size: int) -> list[str]:
    """Empty where the tree is damaged: the rest is still evidence, and the verifier names the event without proof."""
    try:
        return [node.hex() for node in inclusion_proof(tree, leaf_index, size)]
    except TreeIncomplete:
        return []


def _line(content: dict[str, object]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"


@dataclass(frozen=True)
class EventProof:
    """What proves one event: its place, the hashes from its leaf to the root, and the checkpoint that signs for it."""

    leaf_index: int
    leaf_hash: str
    proof: list[str]
    sealed_at: datetime
    note: str

    @property
    def number(self) -> int:
        """The place as people count it."""
        return self.leaf_index + 1


def proof_of(event: AuditEvent) -> EventProof | None:
    """None for an event that is not sealed yet; raises TreeIncomplete where it, the tree or a checkpoint is damaged.

    And SignerUnknown.
    """
    leaf = AuditLeaf.objects.placed().filter(event=event).first()
    if leaf is None:
        return None
    covering = AuditCheckpoint.objects.filter(tree_size__gt=leaf.leaf_index).order_by("tree_size")
    notes = covering.values_list("note", flat=True)
    first, newest = notes.first(), notes.last()
    if first is None or newest is None:
        return None
    try:
        sealed_at, checkpoint = signed_checkpoint(first).sealed_at, signed_checkpoint(newest)
    except NoteError as err:
        raise TreeIncomplete(f"A checkpoint over leaf {leaf.leaf_index} is damaged. {err}") from err
    return EventProof(
        leaf_index=leaf.leaf_index,
        leaf_hash=stored_bytes(leaf.leaf_hash).hex(),
        proof=[node.hex() for node in _nodes_between(leaf, event, checkpoint)],
        sealed_at=sealed_at,
        note=newest,
    )


def signed_checkpoint(note: str) -> Checkpoint:
    """What a note says; raises NoteError, and SignerUnknown where it is of no key in this process's list."""
    found, signed = checkpoints.read(note)
    try:
        listed = [entry.key for entry in trusted_keys()]
    except SigningKeyProblem as err:
        raise SignerUnknown("AUDIT_PUBLIC_KEYS cannot be used.") from err
    if listed and not checkpoints.signers_by(signed, listed):
        raise SignerUnknown("The checkpoint is signed by none of the keys of AUDIT_PUBLIC_KEYS.")
    return found


def _nodes_between(leaf: AuditLeaf, event: AuditEvent, checkpoint: Checkpoint) -> list[bytes]:
    """The hashes that lead from the event's own bytes to the checkpoint's root. Raises TreeIncomplete without such."""
    index, size, body = leaf.leaf_index, checkpoint.tree_size, event.body
    if index not in range(size):
        raise TreeIncomplete(f"The checkpoint of {size} events does not sign for leaf {index}.")
    # A damaged file of SQLite may hold a text: it is not what was sealed, even where it reads alike.
    if not isinstance(body, bytes | memoryview) or leaf_hash(bytes(body)) != stored_bytes(leaf.leaf_hash):
        raise TreeIncomplete(f"The body of the event at leaf {index} does not have the hash that was sealed.")
    nodes = inclusion_proof(StoredTree(), index, size)
    if root_by_proof(leaf_hash(bytes(body)), index, size, nodes) != checkpoint.root_hash:
        raise TreeIncomplete(f"The tree does not lead from leaf {index} to the root of {size} events.")
    return nodes
