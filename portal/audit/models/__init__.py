"""The log's tables: events, the personal texts beside them, what seals them, and how far they are anchored."""

from portal.audit.models.append_only import AppendOnlyError
from portal.audit.models.event import TEXT_LENGTH, AuditEvent, AuditEventQuerySet, Outcome
from portal.audit.models.personal_text import AuditPersonalText
from portal.audit.models.seal import AuditAnchor, AuditCheckpoint, AuditLeaf, AuditSubtree

__all__ = [
    "TEXT_LENGTH",
    "AppendOnlyError",
    "AuditAnchor",
    "AuditCheckpoint",
    "AuditEvent",
    "AuditEventQuerySet",
    "AuditLeaf",
    "AuditPersonalText",
    "AuditSubtree",
    "Outcome",
]
