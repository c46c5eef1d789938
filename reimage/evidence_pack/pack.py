"""Puts the pack of a request together. What it tells is read first; its files are made while they are sent."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from portal.audit.actors import Actor, Target
from portal.audit.packs import LANGUAGES, begin_pack, proving_files
from portal.audit.zip_stream import PackedFile, zip_pieces
from portal.errors import NotFound
from reimage.domain.request_states import RequestState
from reimage.evidence_pack.pages import request_page
from reimage.evidence_pack.plans import Planned, plan_files, planned_machines
from reimage.evidence_pack.story import Story, sign_ins_of, story_of
from reimage.models import ReimageRequest


def take_evidence_pack(*, reimage_request_id: int, actor: Actor) -> Iterator[bytes]:
    """Records that it is taken, then gives the ZIP in pieces. Raises NotFound without such a request, or any seal."""
    # With its operations, before its events: what the row says then stands in the log, sealed or not.
    submitted = ReimageRequest.objects.exclude(state=RequestState.DRAFT).prefetch_related("operations")
    found = submitted.filter(pk=reimage_request_id).first()
    if found is None:
        raise NotFound(
            _("There is no request #%(id)s.") % {"id": reimage_request_id},
            _("Check the number, or start from the list of requests."),
        )
    pack = begin_pack(
        subject=found.audit_subject,
        beside=sign_ins_of(found),
        actor=actor,
        target=Target("reimage_request", str(found.pk), str(found)),
    )
    story = story_of(found, pack)
    return zip_pieces(_files(found, story, planned_machines(found, story)))


def file_name_of(reimage_request_id: int) -> str:
    """What a browser is told to call it."""
    return f"evidence-request-{reimage_request_id}.zip"


def _files(reimage_request: ReimageRequest, story: Story, machines: list[Planned]) -> Iterator[PackedFile]:
    for language in LANGUAGES:
        yield request_page(reimage_request, story, machines, language)
    yield from plan_files(machines)
    yield from proving_files(story.pack, read_me="reimage/evidence/readme.txt")
