"""Events of the list, or one alone, as JSON Lines that prove themselves: CSV is for reading, this is for verifying."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from portal.audit.actors import Actor, Target
from portal.audit.exports import at_most_a_file, record_export
from portal.audit.models import AuditEvent, AuditEventQuerySet, AuditLeaf
from portal.audit.sealing.evidence import (
    NothingSealed,
    evidence_lines,
    in_chunks,
    leaves_at,
    leaves_within,
    newest_note,
    tree_size_of,
)


@dataclass(frozen=True)
class SealedSelection:
    """The sealed events of a selection by their leaf indexes, the checkpoint that signs for them, and the filter.

    `complete` names the subjects of which it has every event, where nothing else was looked for.
    """

    places: Sequence[int]
    note: str
    selection: Mapping[str, str]
    complete: Sequence[str]

    def lines(self) -> Iterator[str]:
        """The file of docs/verify_audit.py, a line at a time."""
        about = {"filter": dict(self.selection)}
        return evidence_lines(leaves_at(self.places), note=self.note, complete=self.complete, about=about)


def begin_sealed_export(*, events: AuditEventQuerySet, actor: Actor, selection: Mapping[str, str]) -> SealedSelection:
    """Records an export of those of these events that are sealed; the others are for the next one to prove.

    Raises NothingSealed, and Problem for more than EXPORT_LIMIT events.
    """
    note = newest_note()
    sealed = events.sealed_within(tree_size_of(note)).order_by("leaf__leaf_index")
    with transaction.atomic():
        places = at_most_a_file(sealed.values_list("leaf__leaf_index", flat=True))
        record_export(actor=actor, selection=selection, rows=len(places), form="jsonl")
        subjects = sealed.order_by("subject").values_list("subject", flat=True).distinct()
        complete = list(subjects) if set(selection) == {"subject"} else []
    return SealedSelection(places, note, selection, complete)


def begin_proof(*, event_id: UUID, actor: Actor) -> Iterator[str]:
    """Records that one event is taken with its proof, texts and salts included, and returns the file, a line at a time.

    Raises NothingSealed where it is none, or not sealed yet, and NoteError.
    """
    leaves = AuditLeaf.objects.placed().filter(event__event_id=event_id)
    if not leaves.exists():
        raise NothingSealed("The log has no such event, or it is not sealed yet.")
    note = newest_note()
    sealed = leaves_within(leaves, note)
    with transaction.atomic():
        record_export(
            actor=actor,
            selection={"event": str(event_id)},
            rows=sealed.count(),
            form="jsonl",
            target=Target("audit_event", str(event_id), _action_of(event_id)),
        )
    return evidence_lines(in_chunks(sealed), note=note)


def _action_of(event_id: UUID) -> str:
    return AuditEvent.objects.filter(event_id=event_id).order_by("pk").values_list("action", flat=True)[0]
