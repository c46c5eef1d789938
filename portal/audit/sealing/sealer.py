"""Gives events their places in the tree and signs for it: the only writer of leaves, subtrees and checkpoints.

A round is one transaction. A sealer that is killed on any line has sealed all of a round or nothing of it.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median_low

from django.db import transaction
from django.db.models import BigIntegerField, Exists, Max, Min, OuterRef, QuerySet
from django.db.models.functions import Now

from portal.audit.models import AuditCheckpoint, AuditEvent, AuditLeaf, AuditSubtree
from portal.audit.sealing import checkpoints, keys
from portal.audit.sealing.checkpoints import Checkpoint
from portal.audit.sealing.locking import lock_for_sealing
from portal.audit.sealing.merkle import Frontier, leaf_hash
from portal.audit.sealing.notes import NoteError, SignedNote, Signer, VerifierKey
from portal.audit.sealing.put_back import contradiction
from portal.audit.sealing.succession import last_successor
from portal.audit.sealing.tree import KEPT_LEVELS, StoredTree

ROUND = 2_000  # events a transaction: SQLite's writers wait for it
BODIES = 100  # read at a time, of a million bytes each at the most: whoever may add events must not stop the sealing
ROUNDS = 20  # a call: then what was sealed is anchored, however much still comes
# Ids are given before they commit, so the newest sealed id says nothing about smaller ones. Each round looks this far
# behind the middle one of the newest, which no single id moves, however large, and at as many of the last hours, whose
# ids are small where somebody set the sequence back; the thorough round, every few minutes, looks at all.
LOOK_BEHIND = 20_000
_COLUMNS = ("pk", "subject", "sequence")


class SealingRefused(Exception):
    """The log is not what was sealed before, or the key is not the log's: signing would hide it."""


@dataclass(frozen=True)
class Sealed:
    """How far the log is sealed, and how many events this call added."""

    tree_size: int
    added: int


def seal_audit_log(*, now: datetime, thorough: bool = False) -> Sealed:
    """Seals every event that has committed and has no leaf yet.

    Raises SigningKeyProblem without a usable key that verifiers know, and SealingRefused where the last checkpoint is
    not this key's, the stored leaves or the tree over them are not those that it signs for, or an anchor knows a longer
    or another log than the database.
    """
    signer_key, added = keys.signing_key(), 0
    for _ in range(ROUNDS):
        begin = None if thorough else _first_to_look_at()
        if not _without_leaf(begin).exists():
            break
        with transaction.atomic():
            if not lock_for_sealing():
                break
            base = last_checkpoint()
            found = _next_events(begin)
            if found:
                signer = Signer(base.origin if base else keys.default_origin(), signer_key)
                if base:
                    refuse_another_key(signer)
                keys.refuse_unlisted(signer)
                extend(base, found, signers=[signer], now=now)
        added += len(found)
    return Sealed(sealed_size(), added)


def unsealed_events(*, thorough: bool) -> QuerySet[AuditEvent]:
    """Events without a leaf, in the order of their ids: within a subject that is the order of their numbers."""
    return _without_leaf(None if thorough else _first_to_look_at())


def _without_leaf(begin: int | None) -> QuerySet[AuditEvent]:
    """From this id on, or all."""
    events, leaves = AuditEvent.objects.all(), AuditLeaf.objects.placed().filter(event_id=OuterRef("pk"))
    if begin is not None:
        # Said of both, else PostgreSQL reads all leaves for the few events.
        events, leaves = events.filter(pk__gte=begin), leaves.filter(event_id__gte=begin)
    return events.filter(~Exists(leaves)).order_by("pk")


def _first_to_look_at() -> int:
    """The smallest id in the reach of a quick round. What has a time to come would be the newest for ever, and counts
    by its id alone."""
    newest = AuditLeaf.objects.placed().order_by("-leaf_index").values_list("event_id", flat=True)[:ROUND]
    latest = AuditEvent.objects.filter(occurred_at__lte=Now()).order_by("-occurred_at", "-pk")[:LOOK_BEHIND]
    by_id = median_low([*newest] or [0]) - LOOK_BEHIND + 1
    by_time = latest.aggregate(smallest=Min("pk"))["smallest"]
    return by_id if by_time is None else min(by_id, by_time)


def all_unsealed_events() -> list[tuple[int, bytes]]:
    """Keys and leaf hashes of whatever has no leaf yet, in the order in which they take their places."""
    return _hashed(_by_numbers(list(_without_leaf(None).values_list(*_COLUMNS))))


def _next_events(begin: int | None) -> list[tuple[int, bytes]]:
    """Keys and leaf hashes of a round. An event that was committed so late that only the thorough round would look for
    it comes along with the ones that follow it: within a subject the log keeps its order, whatever the ids."""
    found = list(_without_leaf(begin).values_list(*_COLUMNS)[:ROUND])
    subjects = {subject for _, subject, _ in found if subject}
    if begin is not None and subjects:
        earlier = _without_leaf(None).filter(subject__in=subjects, pk__lt=found[0][0])
        found = [*earlier.values_list(*_COLUMNS)[:ROUND], *found][:ROUND]
    return _hashed(_by_numbers(found))


def _hashed(keys: Sequence[int]) -> list[tuple[int, bytes]]:
    """Keys and leaf hashes, in the order of the keys. Raises SealingRefused for a body that is not bytes."""
    hashes: dict[int, bytes] = {}
    for start in range(0, len(keys), ROUND):
        events = AuditEvent.objects.filter(pk__in=keys[start : start + ROUND])
        for key, body in events.values_list("pk", "body").iterator(chunk_size=BODIES):
            hashes[key] = leaf_hash(_recorded(key, body))
    return [(key, hashes[key]) for key in keys if key in hashes]  # unless it was deleted meanwhile


def _recorded(key: int, body: object) -> bytes:
    """The portal writes bytes, SQLite keeps whatever somebody else puts there."""
    if not isinstance(body, bytes | memoryview):
        raise SealingRefused(f"The body of event {key} is not bytes, as it was recorded: somebody altered it.")
    return bytes(body)


def _by_numbers(found: Sequence[tuple[int, str, object]]) -> list[int]:
    """Each subject's places among these, taken by its events in the order of their numbers."""
    following: dict[str, deque[int]] = defaultdict(deque)
    for key, subject, _ in sorted(found, key=lambda row: row[2] if isinstance(row[2], int) else 0):
        following[subject].append(key)
    return [following[subject].popleft() for _, subject, _ in found]


def extend(
    base: Checkpoint | None, events: Iterable[tuple[int, bytes]], *, signers: Sequence[Signer], now: datetime
) -> None:
    """Adds leaves for these (key, leaf hash) and a checkpoint over them; the caller holds the lock."""
    frontier = _frontier_of(base, signers[0].verifier_key)
    leaves, subtrees = [], []
    for key, hashed in events:
        leaves.append(AuditLeaf(leaf_index=frontier.size, event_id=key, leaf_hash=hashed))
        for level, root in frontier.append(hashed):
            if level in KEPT_LEVELS:
                subtrees.append(AuditSubtree(level=level, index=(frontier.size >> level) - 1, root_hash=root))
    AuditLeaf.objects.bulk_create(leaves)
    AuditSubtree.objects.bulk_create(subtrees)
    checkpoint = Checkpoint(signers[0].name, frontier.size, frontier.root(), now)
    AuditCheckpoint.objects.create(
        tree_size=checkpoint.tree_size,
        root_hash=checkpoint.root_hash,
        sealed_at=now,
        note=checkpoint.signed_by(*signers),
    )


def last_checkpoint() -> Checkpoint | None:
    """What was signed last; raises SealingRefused for a note that is none."""
    row = AuditCheckpoint.objects.order_by("-tree_size").first()
    if row is None:
        return None
    try:
        return checkpoints.read(row.note)[0]
    except NoteError as err:
        raise SealingRefused(f"The checkpoint of {row.tree_size} events is damaged. {err}") from err


def sealed_size() -> int:
    """How many events the last checkpoint covers. On SQLite a size may be a text, which is larger than every number."""
    numbers = AuditCheckpoint.objects.filter(tree_size__lte=BigIntegerField.MAX_BIGINT)
    return numbers.aggregate(size=Max("tree_size"))["size"] or 0


def _frontier_of(base: Checkpoint | None, signer: VerifierKey) -> Frontier:
    """The tree as it was signed last, and no other."""
    size = base.tree_size if base else 0
    if problem := contradiction(size, signer):
        raise SealingRefused(problem)
    if _stored_ends() != ([0, size - 1] if size else []):
        raise SealingRefused(f"The stored leaves are not those of the {size} sealed events: run audit_verify.")
    frontier = Frontier.of(StoredTree(), size)
    if base and frontier.root() != base.root_hash:
        raise SealingRefused(f"The stored tree does not lead to the signed root of {size} events: run audit_verify.")
    return frontier


def _stored_ends() -> list[int | None]:
    """The first and the last place that a leaf has. By order: MIN and MAX pass over a leaf without a place, which comes
    first in one order or the other."""
    places = AuditLeaf.objects.values_list("leaf_index", flat=True)
    return [*places.order_by("leaf_index")[:1], *places.order_by("-leaf_index")[:1]]


def refuse_another_key(signer: Signer) -> None:
    """Raises SealingRefused unless the last checkpoint ends with this key: of two signatures, the second took over."""
    note = AuditCheckpoint.objects.order_by("-tree_size").values_list("note", flat=True)[0]
    signed = checkpoints.read(note)[1]
    key = signer.verifier_key
    if signed.signatures[-1].key_id != key.key_id or not signed.is_signed_by(key):
        raise SealingRefused(_whose(signed, key))
    successor = last_successor(key)
    if successor and successor != key:
        raise SealingRefused(
            f"The log was handed over to {successor.short}, and AUDIT_SIGNING_KEY_FILE holds {key.short}: "
            "set it and AUDIT_PUBLIC_KEYS as audit_rotate_key said, and restart worker and web."
        )


def _whose(signed: SignedNote, key: VerifierKey) -> str:
    """Which key the last checkpoint says it is of, where it is not this one's, and what is to be done."""
    last, listed = signed.signatures[-1], [entry.key for entry in keys.trusted_keys()]
    said = f"{last.name}+{last.key_id.hex()}"
    named = [entry for entry in (key, *listed) if entry.short == said]
    if named and not signed.is_signed_by(named[0]):
        return f"The last checkpoint is damaged: the signature of {said} below it is none. Run audit_verify."
    if listed and not named:
        return (
            f"AUDIT_PUBLIC_KEYS does not name {said}, the key below the last checkpoint. If audit_rotate_key replaced "
            "the log's key, do what it said at its end: set both variables, restart worker and web. Else run "
            "audit_verify."
        )
    return (
        f"The last checkpoint is signed by {said}, and not by {key.short}, the key in AUDIT_SIGNING_KEY_FILE. "
        "Put the log's key back. If it is lost, docs/audit.md says how another one follows it."
    )
