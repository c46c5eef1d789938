"""What the requester did about one machine, as the audit log has it: anybody with SQL could have put a row there."""

from typing import Any

from portal.audit.catalogue import AuditAction
from portal.audit.disclosure import readable_body, restore_columns
from portal.audit.models import AuditEvent
from reimage.models import ReimageOperation

Detail = dict[str, Any]


def details_by_requester(operation: ReimageOperation, action: AuditAction) -> list[Detail | None]:
    """The details of the requester's events of this action about this operation, oldest first.

    None stands for a damaged event of its request: whether it was about this operation, nobody can tell.
    """
    reimage_request = operation.reimage_request
    events = AuditEvent.objects.filter(
        subject=reimage_request.audit_subject,
        action=action.name,
        actor_object_id=str(reimage_request.requester.object_id),
    ).order_by("pk")
    details = [_detail_of(event) for event in events.defer("search_text")]
    return [detail for detail in details if detail is None or detail["operation"] == operation.pk]


def _detail_of(event: AuditEvent) -> Detail | None:
    body = readable_body(event)
    if body is None or restore_columns(event, body):  # found by what its body does not say: the log would not tell
        return None
    detail: Detail = body["detail"]
    return detail if "operation" in detail else None
