"""Evidence of one thing as a single file that proves itself: what any capability's pack has. The pages are its own.

A pack refers to the first checkpoint that covers its events and is signed by the key of today, so whoever takes it, and
whenever until that key is replaced, gets the same bytes.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Length
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from portal.audit.actors import Actor, Target
from portal.audit.catalogue import AUDIT_KEY_REPLACED, EVIDENCE_PACK_TAKEN
from portal.audit.disclosure import fields_gone, redactions_of, redacts
from portal.audit.models import AuditCheckpoint, AuditEvent, AuditEventQuerySet, AuditLeaf
from portal.audit.personal import LARGEST_REDACTION
from portal.audit.sealing import checkpoints
from portal.audit.sealing.checkpoints import Checkpoint
from portal.audit.sealing.evidence import evidence_lines, leaves_at
from portal.audit.sealing.notes import NoteError
from portal.audit.services import record
from portal.audit.zip_stream import PackedFile
from portal.errors import NotFound, Problem

VERIFIER = Path(settings.BASE_DIR) / "docs" / "verify_audit.py"
LANGUAGES = ("ja", "en")
# Whoever may add events can add any number that look like redactions, and large ones. One of ours names the fields of
# one event.
MOST_REDACTIONS = 1_000


@dataclass(frozen=True)
class Pack:
    """The sealed ones of a subject's events by their leaf indexes, under one checkpoint; `waiting` counts the others.

    With them come events that explain them, so `last_place` is the subject's own last.
    """

    subject: str
    places: Sequence[int]
    last_place: int
    note: str
    tree_size: int
    sealed_at: datetime
    waiting: int
    redactions: Sequence[int]

    @property
    def number_of_last(self) -> int:
        """The place of the subject's last event, as people count it."""
        return self.last_place + 1

    def leaves(self) -> Iterator[AuditLeaf]:
        """Its leaves in order, each with its event."""
        return leaves_at(self.places)

    def redacting_leaves(self) -> Iterator[AuditLeaf]:
        """Those of them that say what was redacted of the others."""
        return leaves_at(self.redactions)


@contextmanager
def told_in(language: str) -> Iterator[None]:
    """As everybody reads it who takes the pack: in this language, in the installation's own time zone."""
    with translation.override(language), timezone.override(timezone.get_default_timezone()):
        yield


def begin_pack(*, subject: str, beside: Iterable[int], actor: Actor, target: Target) -> Pack:
    """Records that the pack of this subject is taken, and says what is in it; raises NotFound while none is sealed.

    `beside` are keys of further events, which explain them. The events that redacted any of them come along.
    """
    hand_over = _newest_hand_over()  # before the events: what its checkpoint covers of them is found, then
    own = _places(AuditEvent.objects.filter(subject=subject))
    if not _sealed(own):
        raise NotFound(
            _("Nothing of %(what)s is sealed yet.") % {"what": target.label},
            _("Events are sealed every few seconds: try again then."),
        )
    found = own | _places(AuditEvent.objects.filter(pk__in=list(beside)))
    redacting = _redacting(found)
    found |= redacting
    places = _sealed(found)
    after = max(places[-1], hand_over)
    covering = AuditCheckpoint.objects.filter(tree_size__gt=after).order_by("tree_size").first()
    if covering is None:
        raise Problem(_("A part of the seal is missing from the database."), _("Have the operators run audit_verify."))
    signed = _checkpoint_of(covering)
    pack = Pack(
        subject,
        places,
        _sealed(own)[-1],
        covering.note,
        signed.tree_size,
        signed.sealed_at,
        waiting=len(found) - len(places),
        redactions=_sealed(redacting),
    )
    with transaction.atomic():
        record(
            action=EVIDENCE_PACK_TAKEN,
            actor=actor,
            target=target,
            detail={"rows": len(places), "tree_size": pack.tree_size, "waiting": pack.waiting},
        )
    return pack


def _checkpoint_of(row: AuditCheckpoint) -> Checkpoint:
    """What its note says, which is what is signed. Raises Problem where the columns beside it say another size."""
    try:
        found, _signatures = checkpoints.read(row.note)
    except NoteError as err:
        raise damaged_checkpoint() from err
    if found.tree_size != row.tree_size:
        raise damaged_checkpoint()
    return found


def damaged_checkpoint() -> Problem:
    """What is said before anything is taken; in the middle of a file it would be too late."""
    return Problem(_("The checkpoint that would prove it is damaged."), _("Have the operators run audit_verify."))


def _places(events: AuditEventQuerySet) -> dict[UUID, int | None]:
    """The leaf index of each event by its id; None for one that is not sealed yet."""
    return dict(events.order_by().values_list("event_id", "leaf__leaf_index"))


def _redacting(found: Collection[UUID]) -> dict[UUID, int | None]:
    """The places of the first that may have redacted any of these, and of those further ones whose bodies say so."""
    candidates = redactions_of(*found).alias(size=Length("body")).filter(size__lte=LARGEST_REDACTION).order_by("pk")
    first = list(candidates.values_list("pk", "event_id", "leaf__leaf_index")[:MOST_REDACTIONS])
    places: dict[UUID, int | None] = {event_id: place for _, event_id, place in first}
    if len(first) < MOST_REDACTIONS:
        return places
    events = AuditEvent.objects.filter(event_id__in=list(found)).with_texts().defer("search_text")
    gone = {str(event.event_id): fields_gone(event) for event in events.iterator(chunk_size=100)}
    later = candidates.filter(pk__gt=first[-1][0]).defer("search_text").iterator(chunk_size=20)
    further = [event.pk for event in islice((event for event in later if redacts(event, gone)), MOST_REDACTIONS)]
    return places | _places(AuditEvent.objects.filter(pk__in=further))


def _newest_hand_over() -> int:
    """The place of the event under which the key of today took over; its checkpoint is that key's first."""
    replaced = AuditLeaf.objects.placed().filter(event__action=AUDIT_KEY_REPLACED.name)
    place: int | None = replaced.aggregate(place=Max("leaf_index"))["place"]
    return -1 if place is None else place


def _sealed(places: dict[UUID, int | None]) -> list[int]:
    # A damaged file of SQLite may have a text for a place.
    return sorted(place for place in places.values() if isinstance(place, int) and place >= 0)


def proving_files(pack: Pack, *, read_me: str) -> Iterator[PackedFile]:
    """What proves the pack, and how: the events, the program that verifies them, the keys, `read_me` in each language.

    `read_me` names a template that extends audit/pack/readme.txt.
    """
    keys = [f"{key.strip()}\n" for key in settings.AUDIT_PUBLIC_KEYS.split(",") if key.strip()]
    for language in LANGUAGES:
        with told_in(language):
            text = render_to_string(read_me, {"pack": pack, "has_keys": bool(keys)})
        yield PackedFile(f"README.{language}.txt", [text])
    lines = evidence_lines(pack.leaves(), note=pack.note, complete=[pack.subject])
    yield PackedFile("events.jsonl", lines)
    yield PackedFile("checkpoint.txt", [pack.note])
    yield PackedFile("public-keys.txt", keys)
    yield PackedFile("verify_audit.py", [VERIFIER.read_text(encoding="utf-8")])
