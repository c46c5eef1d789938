"""One operation as a page tells it: what was done attempt by attempt, what Azure said, what the portal concluded.

Made of the audit events alone, so that it shows nothing that cannot be proved. Reads; decides nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from portal.audit.disclosure import disclosed_body
from portal.audit.labels import label_of
from portal.audit.models import TEXT_LENGTH, AuditEvent
from reimage import audit_actions, wording
from reimage.models import ReimageOperation
from reimage.weighed_view import WeighedView, moment_text, weighed_view

# In this order, where a step has them. Azure's own words stand apart.
FACTS = (
    "client_request_id",
    "azure_request_id",
    "operation_url",
    "location_url",
    "status",
    "reason",
    "delete_option",
    "before",
    "vm_id",
    "os_disk_id",
    "read_at",
    "digest",
)

TIMES = frozenset({"read_at"})


@dataclass(frozen=True, slots=True)
class Step:
    """One event: what it means, why, Azure's words as they came, what was weighed; seconds since the step before."""

    event: AuditEvent
    meaning: str
    reasons: list[str]
    azure_words: str
    facts: list[tuple[str, str]]
    weighed: WeighedView | None
    seconds_after: float | None


@dataclass(slots=True)
class Attempt:
    """Steps from the checks to what came of one POST; `number` counts the POSTs, 0 is what people did before."""

    number: int
    is_sent: bool = False
    steps: list[Step] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """From its first step to its last."""
        return (self.steps[-1].event.occurred_at - self.steps[0].event.occurred_at).total_seconds()

    @property
    def title(self) -> str:
        """What stands over its steps."""
        if not self.number:
            return _("Request and decision")
        text = _("Attempt %(number)s") if self.is_sent else _("Checks before attempt %(number)s")
        return text % {"number": self.number}


def story_of(operation: ReimageOperation) -> list[Attempt]:
    """The attempts, oldest first; two queries, however many events there are."""
    about = Q(target_kind="reimage_request") | Q(target_id=operation.resource_id[:TEXT_LENGTH])
    events = AuditEvent.objects.filter(about, subject=operation.reimage_request.audit_subject)
    return attempts_of(events.with_texts().defer("search_text").order_by("sequence"))


def attempts_of(events: Iterable[AuditEvent]) -> list[Attempt]:
    """A new attempt begins with the first checks, and with checks after a POST."""
    attempts = [Attempt(0)]
    before: datetime | None = None
    for event in events:
        detail = disclosed_body(event)["detail"]  # first: then the event says what its body does
        current = attempts[-1]
        if event.action == audit_actions.OPERATION_PREFLIGHT.name and (current.is_sent or not current.number):
            current = Attempt(current.number + 1)
            attempts.append(current)
        current.is_sent |= event.action == audit_actions.OPERATION_SUBMITTING.name
        current.steps.append(_step(event, detail, before))
        before = event.occurred_at
    return [attempt for attempt in attempts if attempt.steps]


def _step(event: AuditEvent, detail: Mapping[str, Any], before: datetime | None) -> Step:
    told = _flat(detail)
    reasons = _reasons(detail)
    words = " ".join(filter(None, (str(told.get("azure_code") or ""), str(told.get("message") or ""))))
    return Step(
        event=event,
        meaning=wording.step_text(event.action, detail),
        reasons=reasons,
        azure_words="" if any(words in reason for reason in reasons) else words,
        facts=[(label_of(key), _fact(key, told[key])) for key in FACTS if told.get(key) not in (None, "", 0)],
        weighed=weighed_view(event.action, detail.get("evidence")),
        seconds_after=None if before is None else (event.occurred_at - before).total_seconds(),
    )


def _fact(key: str, value: object) -> str:
    """As it was recorded; a time in the zone that the page is in."""
    return moment_text(value) if key in TIMES else str(value)


def _flat(detail: Mapping[str, Any]) -> dict[str, Any]:
    """The detail with what lies one level deeper in it: a note's blanks, the machine as it was."""
    return {**_mapping(detail.get("evidence")), **_mapping(detail.get("params")), **detail}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _reasons(detail: Mapping[str, Any]) -> list[str]:
    """The note and the findings in words; the comment of a person as it is."""
    findings = detail.get("findings")
    notes = [detail, *map(_mapping, findings if isinstance(findings, list) else ())]
    texts = [wording.note_text(note) for note in notes if wording.has_note_text(note)]
    return [*texts, *filter(None, [detail.get("comment")])]
