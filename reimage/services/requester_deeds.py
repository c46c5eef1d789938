"""What the requester did about one machine, as the audit log has it: anybody with SQL could have put a row there."""

import json
from typing import Any

from portal.audit.catalogue import AuditAction
from portal.audit.models import AuditEvent
from reimage.models import ReimageOperation


def details_by_requester(operation: ReimageOperation, action: AuditAction) -> list[dict[str, Any]]:
    """The details of the requester's events of this action about this operation, oldest first."""
    reimage_request = operation.reimage_request
    events = AuditEvent.objects.filter(
        subject=reimage_request.audit_subject,
        action=action.name,
        actor_object_id=str(reimage_request.requester.object_id),
    ).order_by("pk")
    details = [json.loads(bytes(body))["detail"] for body in events.values_list("body", flat=True)]
    return [detail for detail in details if detail["operation"] == operation.pk]
