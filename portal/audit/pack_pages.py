"""Pages of a pack: one file each, opened from a disk, without script, picture or network. Piece by piece."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.html import format_html

from portal.audit.disclosure import disclosed_body, fields_gone, redacts
from portal.audit.models import AuditLeaf
from portal.audit.packs import Pack, told_in

REDACTIONS_TOLD = 500  # in one piece; more come from nobody but who forges them, and stand in the table
_HERE = "\ue000"  # of Unicode's private use: it stands in a frame where its pieces go, and is in no text of ours


def page_pieces(pack: Pack, *, language: str, title: str, sections: Iterable[str]) -> Iterator[str]:
    """A whole page with these sections (safe HTML), then every event of the pack in a table."""
    context = {
        "pack": pack,
        "language": language,
        "title": title,
        # Templates of the portal hold no style of their own; this file has nothing else to get it from.
        "style": format_html("<style>{}</style>", render_to_string("audit/pack/style.css")),
        "zone": settings.TIME_ZONE,
        "here": _HERE,
    }
    yield from _framed(language, "audit/pack/page.html", context, _sections(pack, language, sections))


def _sections(pack: Pack, language: str, sections: Iterable[str]) -> Iterator[str]:
    yield from sections
    if redactions := _redactions(pack):
        with told_in(language):
            told = render_to_string("audit/pack/redactions.html", {"redactions": redactions})
        yield told
    yield from _framed(language, "audit/pack/events.html", {"here": _HERE}, _rows(pack, language))


def _redactions(pack: Pack) -> list[tuple[AuditLeaf, dict[str, Any]]]:
    """Those that took something out of the pack's own events; the others are in its table as any event."""
    if not pack.redactions:
        return []
    gone = {str(leaf.event.event_id): fields_gone(leaf.event) for leaf in pack.leaves()}
    found = (leaf for leaf in pack.redacting_leaves() if redacts(leaf.event, gone))
    return [(leaf, disclosed_body(leaf.event)) for leaf in islice(found, REDACTIONS_TOLD)]


def _rows(pack: Pack, language: str) -> Iterator[str]:
    for leaf in pack.leaves():
        with told_in(language):
            context = {"document": disclosed_body(leaf.event), "leaf": leaf, "event": leaf.event}
            row = render_to_string("audit/pack/_row.html", context)
        yield row


def _framed(language: str, template: str, context: dict[str, object], pieces: Iterable[str]) -> Iterator[str]:
    """What stands before the mark, the pieces, what stands after it."""
    with told_in(language):
        before, _, after = render_to_string(template, context).partition(_HERE)
    yield before
    yield from pieces
    yield after
