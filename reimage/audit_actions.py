"""What the capability writes into the audit log."""

from django.utils.translation import gettext_lazy as _

from portal.audit.catalogue import AuditAction, register
from portal.audit.subjects import register_subject_kind

GRANT_CREATED = AuditAction("access_grant.created", _("Grant created"))
GRANT_DELETED = AuditAction("access_grant.deleted", _("Grant deleted"))
INVENTORY_SYNCHRONIZED = AuditAction("inventory.synchronized", _("Inventory synchronized"))
REQUEST_SUBMITTED = AuditAction("reimage_request.submitted", _("Reimage requested"))
REQUEST_APPROVED = AuditAction("reimage_request.approved", _("Request approved"))
REQUEST_REJECTED = AuditAction("reimage_request.rejected", _("Request rejected"))
REQUEST_CANCELED = AuditAction("reimage_request.canceled", _("Request canceled"))
REQUEST_EXPIRED = AuditAction("reimage_request.expired", _("Request expired"))
REQUEST_FINISHED = AuditAction("reimage_request.finished", _("Request finished"))
REQUESTS_SAMPLED = AuditAction("reimage_requests.sampled", _("Sample of requests drawn"))
OPERATION_PREFLIGHT = AuditAction("preflight.started", _("Checks before the reimage started"))
OPERATION_DRIFTED = AuditAction("reimage_operation.drifted", _("Machine differs from the approved plan"))
OPERATION_CANCELED = AuditAction("reimage_operation.canceled", _("Machine's reimage canceled"))
DELETE_OPTION_CHANGING = AuditAction("delete_option.requested", _("deleteOption change about to be sent"))
DELETE_OPTION_ACCEPTED = AuditAction("delete_option.accepted", _("deleteOption change accepted by Azure"))
DELETE_OPTION_REFUSED = AuditAction("delete_option.refused", _("deleteOption change refused by Azure"))
DELETE_OPTION_UNKNOWN = AuditAction("delete_option.lost", _("Azure's answer to the deleteOption change lost"))
DELETE_OPTION_CONFIRMED = AuditAction("delete_option.confirmed", _("deleteOption found changed"))
OPERATION_SUBMITTING = AuditAction("reimage_operation.intended", _("Reimage about to be sent"))
OPERATION_ACCEPTED = AuditAction("reimage_operation.accepted", _("Reimage accepted by Azure"))
OPERATION_REFUSED = AuditAction("reimage_operation.refused", _("Reimage refused by Azure"))
OPERATION_UNKNOWN = AuditAction("reimage_operation.lost", _("Azure's answer lost"))
OPERATION_RECONCILED = AuditAction("reimage_operation.reconciled", _("Lost answer settled by evidence"))
OPERATION_ENDED_AT_AZURE = AuditAction("azure_operation.ended", _("Azure's operation ended"))
OPERATION_SUCCEEDED = AuditAction("reimage_operation.succeeded", _("Machine reimaged and verified"))
OPERATION_FAILED = AuditAction("reimage_operation.failed", _("Machine's reimage failed"))
OPERATION_NEEDS_ATTENTION = AuditAction("reimage_operation.escalated", _("Needs an administrator"))
OPERATION_SETTLED = AuditAction("reimage_operation.settled", _("Settled by an administrator"))
EXECUTION_PAUSED = AuditAction("execution.paused", _("Execution paused"))
EXECUTION_RESUMED = AuditAction("execution.resumed", _("Execution resumed"))
BREAKER_TRIPPED = AuditAction("breaker.tripped", _("Too many reimages at once held back"))
BREAKER_RELEASED = AuditAction("breaker.released", _("Held-back reimages let through"))
ALARM_RAISED = AuditAction("execution_alarm.raised", _("Alarm raised"))
ALARM_CLEARED = AuditAction("execution_alarm.cleared", _("Alarm cleared"))

register(*(value for value in list(globals().values()) if isinstance(value, AuditAction)))
register_subject_kind("reimage_request")
