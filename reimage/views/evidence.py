"""What auditors take away or choose from the requests. Nothing here decides."""

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from portal.audit.access import AuditorRequest, auditors_only
from portal.audit.actors import Actor
from reimage.evidence_pack.pack import file_name_of, take_evidence_pack


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
