"""A selection of the list as JSON Lines that prove themselves: what CSV is for reading, this is for verifying."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from portal.audit.actors import Actor
from portal.audit.exports import at_most_a_file, record_export
from portal.audit.models import AuditEventQuerySet
from portal.audit.sealing.evidence import evidence_lines, leaves_at, newest_note, tree_size_of


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
