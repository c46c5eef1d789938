"""The pack's pages: the request, its decisions, each machine with every attempt. One section in memory at a time."""

from collections.abc import Iterator, Sequence

from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from portal.audit.pack_pages import page_pieces
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
    pieces = page_pieces(story.pack, language=language, title=title, sections=sections)
    return PackedFile(f"request.{language}.html", pieces)


def _sections(story: Story, machines: Sequence[Planned], language: str) -> Iterator[str]:
    with told_in(language):
        context = {"story": story, "machines": machines}
        people = render_to_string("reimage/evidence/people.html", context)
    yield people
    for machine in machines:
        with told_in(language):
            section = render_to_string("reimage/evidence/machine.html", _machine_context(story, machine))
        yield section


def _machine_context(story: Story, machine: Planned) -> dict[str, object]:
    resource_id = machine.recorded["resource_id"]
    attempts = story.attempts(resource_id)
    return {
        "machine": machine,
        "view": plan_view(machine.operation) if machine.operation else None,
        "body": body_text(machine.recorded["body"]),
        "end": story.end_of(resource_id),
        "attempts": attempts,
        "identifiers": list(identifiers_of(attempts)),
    }
