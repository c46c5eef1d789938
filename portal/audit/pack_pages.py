"""Pages of a pack: one file each, opened from a disk, without script, picture or network. Piece by piece."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice

import structlog
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.html import format_html

from portal.audit.disclosure import fields_gone, redacts
from portal.audit.models import AuditLeaf
from portal.audit.packs import Pack, told_in
from portal.audit.telling import UNTELLABLE, Unsound, tell

REDACTIONS_TOLD = 500  # in one piece; more come from nobody but who forges them, and stand in the table
_HERE = "\ue000"  # of Unicode's private use: it stands in a frame where its pieces go, and is in no text of ours
log = structlog.get_logger(__name__)


def page_pieces(pack: Pack, unsound: Unsound, *, language: str, title: str, sections: Iterable[str]) -> Iterator[str]:
    """A whole page with these sections (safe HTML), then every event of the pack in a table.

    `unsound` are those of its events of which the page says at its top that something is wrong.
    """
    context = {
        "pack": pack,
        "unsound": unsound,
        "language": language,
        "title": title,
        # Templates of the portal hold no style of their own; this file has nothing else to get it from.
        "style": format_html("<style>{}</style>", render_to_string("audit/pack/style.css")),
        "zone": settings.TIME_ZONE,
        "here": _HERE,
    }
    yield from _framed(language, "audit/pack/page.html", context, _sections(pack, language, sections))


def rendered(template: str, context_of: Callable[[], dict[str, object]]) -> str:
    """A section, or a sentence in its place: a file that breaks off in its middle would be no evidence of the rest.

    What an event can hold is guarded where it is told, event by event. This is for what nobody thought of.
    """
    try:
        return render_to_string(template, context_of())
    except UNTELLABLE:
        log.exception("pack_section_untold", template=template)
        return render_to_string("audit/pack/untold.html")


def _sections(pack: Pack, language: str, sections: Iterable[str]) -> Iterator[str]:
    yield from sections
    with told_in(language):
        redactions = [rendered("audit/pack/_redaction.html", partial(dict, one)) for one in _redactions(pack)]
        told = render_to_string("audit/pack/redactions.html", {"redactions": redactions}) if redactions else ""
    yield told
    yield from _framed(language, "audit/pack/events.html", {"here": _HERE}, _rows(pack, language))


def _redactions(pack: Pack) -> Iterator[dict[str, object]]:
    """Those that took something out of the pack's own events; the others are in its table as any event."""
    if not pack.redactions:
        return
    gone = {str(leaf.event.event_id): fields_gone(leaf.event) for leaf in pack.leaves()}
    found = (leaf.event for leaf in pack.redacting_leaves() if redacts(leaf.event, gone))
    for told in map(tell, islice(found, REDACTIONS_TOLD)):
        yield {"event": told.event, "document": told.body}


def _rows(pack: Pack, language: str) -> Iterator[str]:
    for leaf in pack.leaves():
        with told_in(language):
            row = _row(leaf)
        yield row


def _row(leaf: AuditLeaf) -> str:
    """Without what cannot be told; its place and digest lead to it in the evidence."""
    try:
        return render_to_string("audit/pack/_row.html", {"leaf": leaf, "told": tell(leaf.event)})
    except UNTELLABLE:
        return render_to_string("audit/pack/_row.html", {"leaf": leaf})


def _framed(language: str, template: str, context: dict[str, object], pieces: Iterable[str]) -> Iterator[str]:
    """What stands before the mark, the pieces, what stands after it."""
    with told_in(language):
        before, _, after = render_to_string(template, context).partition(_HERE)
    yield before
    yield from pieces
    yield after
