"""What auditors take away or choose from the requests. Nothing here decides."""

from collections.abc import Iterator

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal.audit.access import AuditorRequest, auditors_only
from portal.audit.actors import Actor
from portal.audit.sampling import Drawn, Sample
from portal.identity.decorators import limited, recorded, recorded_by_query
from reimage.evidence_pack.pack import file_name_of, take_evidence_pack
from reimage.models import ReimageRequest
from reimage.sampling import draw_requests
from reimage.sampling_form import SampleForm


@recorded
@limited("taking")
@require_GET
@auditors_only
def evidence_pack(request: AuditorRequest, reimage_request_id: int) -> HttpResponseBase:
    """The evidence of a request as one ZIP; that it was taken is an event, written before the first byte is sent."""
    pieces = take_evidence_pack(reimage_request_id=reimage_request_id, actor=Actor.person(request.user))
    return StreamingHttpResponse(
        pieces,
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{file_name_of(reimage_request_id)}"'},
    )


@recorded_by_query
@limited("taking")
@require_GET
@auditors_only
def sample(request: AuditorRequest) -> HttpResponseBase:
    """The form; once it is filled in, the sample that it draws. Each drawing is an event."""
    form = SampleForm(request.GET) if request.GET else SampleForm.proposal()
    context: dict[str, object] = {"form": form}
    if form.is_bound and form.is_valid():
        size, seed = form.cleaned_data["size"], form.cleaned_data["seed"]
        drawn = draw_requests(period=form.period, seed=seed, size=size, actor=Actor.person(request.user))
        context |= {"sample": drawn, "seed": seed, "rows": list(_rows(drawn))}
        context["may_grow"] = not form.period.is_over(timezone.now())
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "reimage/sample/index.html", context, status=status)


def _rows(sample: Sample) -> Iterator[tuple[Drawn, ReimageRequest | None]]:
    """What was drawn beside what the portal has of it, in the order of the hashes."""
    chosen = ReimageRequest.objects.filter(pk__in=[drawn.number for drawn in sample.drawn])
    found = chosen.select_related("requester").in_bulk()
    return ((drawn, found.get(drawn.number)) for drawn in sample.drawn)
