"""What opens the commitments in the bodies of events: salt and text, apart from the log so that they can be removed."""

from django.db import models

from portal.audit.models.append_only import AppendOnlyQuerySet
from portal.audit.models.event import TEXT_LENGTH, AuditEvent


class AuditPersonalTextQuerySet(AppendOnlyQuerySet["AuditPersonalText"]):
    """Reads and adds; removes for `portal.audit.redaction` alone."""

    def redact(self) -> int:
        """Removes these rows; the database refuses it before an event says that they are redacted."""
        return models.QuerySet.delete(self)[0]


class AuditPersonalText(models.Model):
    """One text of one event; `field` is the JSON pointer to its commitment in the body."""

    # Without a constraint of the database, for the reason that AuditLeaf gives.
    event = models.ForeignKey(
        AuditEvent, on_delete=models.DO_NOTHING, related_name="personal_texts", db_constraint=False, db_index=False
    )
    field = models.CharField(max_length=TEXT_LENGTH)
    salt = models.BinaryField(max_length=32)
    text = models.TextField()

    objects = AuditPersonalTextQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "field"], name="audit_personal_text_stands_once"),
        ]

    def __str__(self) -> str:
        return f"{self.field} of event {self.event_id}"
