"""The pack's pages: the request, its decisions, each machine with every attempt. One section in memory at a time."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from portal.audit.pack_pages import page_pieces, rendered
from portal.audit.packs import told_in
from portal.audit.zip_stream import PackedFile
from reimage.evidence_pack.plans import Planned
from reimage.evidence_pack.story import Story, identifiers_of
from reimage.models import ReimageRequest
from reimage.plan_view import body_text, plan_view


def request_page(
    reimage_request: ReimageRequest, story: Story, machines: Sequence[Planned], language: str
) -> PackedFile:
    """The page in one language."""
    with told_in(language):
        title = _("Evidence of request #%(id)s") % {"id": reimage_request.pk}
    sections = _sections(story, machines, language)
    pieces = page_pieces(story.pack, story.unsound, language=language, title=title, sections=sections)
    return PackedFile(f"request.{language}.html", pieces)


def _sections(story: Story, machines: Sequence[Planned], language: str) -> Iterator[str]:
    with told_in(language):
        people = rendered("reimage/evidence/people.html", partial(_people, story, machines))
    yield people
    for machine in machines:
        with told_in(language):
            section = rendered("reimage/evidence/machine.html", partial(_machine, story, machine))
        yield section


def _people(story: Story, machines: Sequence[Planned]) -> dict[str, object]:
    return {"story": story, "machines": machines}


def _machine(story: Story, machine: Planned) -> dict[str, object]:
    """Its parts stand for themselves: what was done is told also where what was planned cannot be."""
    attempts = story.attempts(machine.resource_id)
    done = {"story": story, "machine": machine, "attempts": attempts}
    parts = [
        rendered("reimage/evidence/_machine.html", partial(_outcome, done)),
        rendered("reimage/evidence/_plan.html", partial(_plan, machine)),
        rendered("reimage/evidence/_attempts.html", partial(dict, done)),
    ]
    return {"machine": machine, "parts": parts}


def _outcome(done: dict[str, Any]) -> dict[str, object]:
    end = done["story"].end_of(done["machine"].resource_id)
    return {**done, "end": end, "identifiers": list(identifiers_of(done["attempts"]))}


def _plan(machine: Planned) -> dict[str, object]:
    view = plan_view(machine.operation) if machine.operation else None
    body = body_text(machine.recorded["body"]) if machine.recorded else ""
    return {"machine": machine, "view": view, "body": body}
