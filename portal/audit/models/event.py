"""The log itself: one row per event, written once. Nothing here, and no trigger below it, lets a row change.

`body` is the event; every other column repeats a part of it, so that the log can be searched. Personal texts are in
neither (personal.py): they lie beside it, and are read through the properties below.
"""

import uuid
from collections.abc import Iterable
from typing import Any, NoReturn, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.audit import catalogue
from portal.audit.actors import ActorKind
from portal.audit.models.append_only import AppendOnlyQuerySet, refuse
from portal.audit.personal import ACTOR_NAME, ADDRESS, TARGET_LABEL
from portal.audit.text import REDACTED

LARGEST_BODY = 1_000_000  # bytes; three times the submission of fifty machines
TEXT_LENGTH = 512  # characters of a projected text: at four bytes each it still fits a PostgreSQL index entry


class Outcome(models.TextChoices):
    """How it ended: done, refused by a rule, or tried and failed."""

    SUCCESS = "success", _("Done")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Failed")


class AuditEventQuerySet(AppendOnlyQuerySet["AuditEvent"]):
    """Reads; whatever would write past `portal.audit.services.record` is refused."""

    def bulk_create(self, *args: Any, **kwargs: Any) -> NoReturn:
        refuse("bulk_create()")

    def flagged(self, flag: str) -> Self:
        """Events that carry the flag; the first condition is that of the partial index."""
        return self.exclude(flags="").filter(flags__contains=f" {flag} ")

    def of_outcome(self, outcome: Outcome) -> Self:
        """Events that ended so. Most are done; for the others there is a partial index, with this condition."""
        events = self.filter(outcome=outcome)
        return events if outcome is Outcome.SUCCESS else events.exclude(outcome=Outcome.SUCCESS)

    def sealed_within(self, tree_size: int) -> Self:
        """Events at the first so many places of the tree: a leaf at none of them seals nothing."""
        return self.filter(leaf__leaf_index__gte=0, leaf__leaf_index__lt=tree_size)

    def with_texts(self) -> Self:
        """Reads the personal texts along, in one query for all events."""
        return self.prefetch_related("personal_texts")


class AuditEvent(models.Model):
    """Something that happened, with who, what, about what, how it ended, and from where."""

    event_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    occurred_at = models.DateTimeField()
    actor_kind = models.CharField(max_length=8, choices=ActorKind)
    actor_tenant_id = models.CharField(max_length=TEXT_LENGTH, blank=True)
    actor_object_id = models.CharField(max_length=TEXT_LENGTH, blank=True)
    actor_name = models.CharField(max_length=TEXT_LENGTH, blank=True)
    action = models.CharField(max_length=100)
    outcome = models.CharField(max_length=8, choices=Outcome)
    target_kind = models.CharField(max_length=TEXT_LENGTH, blank=True)
    target_id = models.CharField(max_length=TEXT_LENGTH, blank=True)
    target_label = models.CharField(max_length=TEXT_LENGTH, blank=True)
    search_text = models.TextField(blank=True)
    subject = models.CharField(max_length=200, blank=True)
    sequence = models.PositiveIntegerField(null=True)
    previous_digest = models.CharField(max_length=64, blank=True)
    session_reference = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=64, blank=True)
    http_request_id = models.CharField(max_length=64, blank=True)
    flags = models.CharField(max_length=200, blank=True)
    personal_fields = models.TextField(blank=True, default="", db_default="")
    body = models.BinaryField()
    digest = models.CharField(max_length=64)

    objects = AuditEventQuerySet.as_manager()
    checked_texts: dict[str, str] | None = None  # in memory, once somebody held the stored ones against the body

    class Meta:
        ordering = ("-occurred_at", "-id")
        constraints = [
            # NULLs differ from each other, so events without a subject are free of this.
            models.UniqueConstraint(fields=["subject", "sequence"], name="audit_event_takes_one_place_in_its_subject"),
            models.CheckConstraint(
                condition=Q(subject="", sequence__isnull=True, previous_digest="")
                | (~Q(subject="") & Q(sequence__isnull=False, sequence__gte=1)),
                name="audit_event_has_a_sequence_if_it_has_a_subject",
            ),
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="audit_event_has_a_known_outcome"),
        ]
        indexes = [
            models.Index(fields=["-occurred_at", "-id"], name="audit_event_by_time"),
            models.Index(fields=["actor_object_id", "-occurred_at", "-id"], name="audit_event_by_actor"),
            models.Index(fields=["action", "-occurred_at", "-id"], name="audit_event_by_action"),
            models.Index(fields=["-occurred_at", "-id"], name="audit_event_with_flags", condition=~Q(flags="")),
            models.Index(
                fields=["outcome", "-occurred_at", "-id"],
                name="audit_event_not_done",
                condition=~Q(outcome=Outcome.SUCCESS),
            ),
            # A redaction is looked for by the event that it is about.
            models.Index(fields=["target_id"], name="audit_event_redaction", condition=Q(action="audit.redacted")),
            # And on PostgreSQL one over parts of texts: portal.audit.text_indexes.
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.event_id}"

    def save(
        self,
        force_insert: Any = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """Inserts; an event that has been saved is never written again."""
        if not self._state.adding or force_update or update_fields is not None:
            refuse("saving a recorded event again")
        super().save(force_insert=True, using=using)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused."""
        refuse("deleting an event")

    @property
    def actor_label(self) -> str:
        """Who acted, for a reader who need not know the parts of the portal."""
        is_part = self.actor_kind == ActorKind.SYSTEM
        return str(self.get_actor_kind_display()) if is_part or not self.actor_text else self.actor_text

    @property
    def action_label(self) -> str:
        """What happened, in the reader's language."""
        return catalogue.label_of(self.action)

    @property
    def flag_names(self) -> list[str]:
        """The flags it carries."""
        return self.flags.split()

    @property
    def actor_text(self) -> str:
        """Who it was, in words."""
        return self._text(ACTOR_NAME, self.actor_name)

    @property
    def target_text(self) -> str:
        """What it was about, in words."""
        return self._text(TARGET_LABEL, self.target_label)

    @property
    def address_text(self) -> str:
        """From where."""
        return self._text(ADDRESS, self.address)

    @property
    def texts(self) -> dict[str, str]:
        """Its personal texts by their fields, as far as they are not redacted; after `disclose`, true to the body."""
        if self.checked_texts is not None:
            return self.checked_texts
        # A damaged file of SQLite gives bytes for some: the page of the event is to say so, and no other to fail.
        return {str(row.field): str(row.text) for row in self.personal_texts.all()}

    def _text(self, field: str, plain: str) -> str:
        return self.texts.get(field, REDACTED) if field in self.personal_fields.split() else plain
