"""Evidence of one thing as a single file that proves itself: what any capability's pack has. The pages are its own.

A pack refers to the first checkpoint that covers its events, so whoever takes it, and whenever, gets the same bytes.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from portal.audit.actors import Actor, Target
from portal.audit.catalogue import EVIDENCE_PACK_TAKEN
from portal.audit.models import AuditCheckpoint, AuditEvent, AuditEventQuerySet, AuditLeaf
from portal.audit.sealing.evidence import evidence_lines, leaves_at
from portal.audit.services import record
from portal.audit.zip_stream import PackedFile
from portal.errors import NotFound

VERIFIER = Path(settings.BASE_DIR) / "docs" / "verify_audit.py"
LANGUAGES = ("ja", "en")


@dataclass(frozen=True)
class Pack:
    """The sealed ones of some events by their leaf indexes, under one checkpoint; `waiting` counts the others."""

    places: Sequence[int]
    note: str
    tree_size: int
    sealed_at: datetime
    waiting: int

    def leaves(self) -> Iterator[AuditLeaf]:
        """Its leaves in order, each with its event."""
        return leaves_at(self.places)


@contextmanager
def told_in(language: str) -> Iterator[None]:
    """As everybody reads it who takes the pack: in this language, in the installation's own time zone."""
    with translation.override(language), timezone.override(timezone.get_default_timezone()):
        yield


def begin_pack(*, events: AuditEventQuerySet, beside: Iterable[int], actor: Actor, target: Target) -> Pack:
    """Records that the pack of these events is taken, and says what is in it; raises NotFound while none is sealed.

    `beside` are keys of further events, older than these, that explain them.
    """
    covering = _first_checkpoint_over(_places(events), target)
    found = [*_places(events), *_places(AuditEvent.objects.filter(pk__in=list(beside)))]
    places = sorted(place for place in found if place is not None and place < covering.tree_size)
    pack = Pack(places, covering.note, covering.tree_size, covering.sealed_at, waiting=len(found) - len(places))
    with transaction.atomic():
        record(
            action=EVIDENCE_PACK_TAKEN,
            actor=actor,
            target=target,
            detail={"rows": len(places), "tree_size": pack.tree_size, "waiting": pack.waiting},
        )
    return pack


def _places(events: AuditEventQuerySet) -> list[int | None]:
    return list(events.order_by().values_list("leaf__leaf_index", flat=True))


def _first_checkpoint_over(places: Iterable[int | None], target: Target) -> AuditCheckpoint:
    last = max((place for place in places if place is not None), default=None)
    over = -1 if last is None else last
    covering: AuditCheckpoint | None = AuditCheckpoint.objects.filter(tree_size__gt=over).order_by("tree_size").first()
    if last is None or covering is None:
        raise NotFound(
            _("Nothing of %(what)s is sealed yet.") % {"what": target.label},
            _("Events are sealed every few seconds: try again then."),
        )
    return covering


def proving_files(pack: Pack, *, read_me: str) -> Iterator[PackedFile]:
    """What proves the pack, and how: the events, the program that verifies them, the keys, `read_me` in each language.

    `read_me` names a template that extends audit/pack/readme.txt.
    """
    keys = [f"{key.strip()}\n" for key in settings.AUDIT_PUBLIC_KEYS.split(",") if key.strip()]
    for language in LANGUAGES:
        with told_in(language):
            text = render_to_string(read_me, {"pack": pack, "has_keys": bool(keys)})
        yield PackedFile(f"README.{language}.txt", [text])
    lines = evidence_lines(pack.leaves(), note=pack.note, is_whole=False)
    yield PackedFile("events.jsonl", lines)
    yield PackedFile("checkpoint.txt", [pack.note])
    yield PackedFile("public-keys.txt", keys)
    yield PackedFile("verify_audit.py", [VERIFIER.read_text(encoding="utf-8")])
