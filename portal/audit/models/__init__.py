"""The log's tables: events, the personal texts beside them, what seals them, how far they are told."""

from portal.audit.models.append_only import AppendOnlyError
from portal.audit.models.event import LARGEST_BODY, TEXT_LENGTH, AuditEvent, AuditEventQuerySet, Outcome
from portal.audit.models.personal_text import AuditPersonalText
from portal.audit.models.seal import AuditAnchor, AuditCheckpoint, AuditLeaf, AuditSubtree
from portal.audit.models.stream import AuditStream

__all__ = [
    "LARGEST_BODY",
    "TEXT_LENGTH",
    "AppendOnlyError",
    "AuditAnchor",
    "AuditCheckpoint",
    "AuditEvent",
    "AuditEventQuerySet",
    "AuditLeaf",
    "AuditPersonalText",
    "AuditStream",
    "AuditSubtree",
    "Outcome",
]
