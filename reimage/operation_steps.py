"""One event as a step of an operation: what it means, why, and what was seen. Reads; decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portal.audit.labels import label_of
from portal.audit.models import AuditEvent
from portal.audit.telling import UNTELLABLE, ToldEvent
from reimage import wording
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
    """One event: what it means, why, Azure's words as they came, what was weighed; seconds since the step before.

    `person` did it, and `comment` is theirs: it stands apart from what the portal and Azure say. One that is not told
    is damaged, or of a form that the portal does not write.
    """

    told: ToldEvent
    is_told: bool = False
    meaning: str = ""
    person: str = ""
    comment: str = ""
    reasons: list[str] = field(default_factory=list)
    azure_words: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    weighed: WeighedView | None = None
    seconds_after: float | None = None

    @property
    def event(self) -> AuditEvent:
        """What it is made of."""
        return self.told.event


def step_of(told: ToldEvent, before: datetime | None) -> Step:
    """The step; `before` is when the one before it took place."""
    if not told.is_readable:
        return Step(told)
    try:
        return _step(told, told.body["detail"], before)
    except UNTELLABLE:
        return Step(told)


def _step(told: ToldEvent, detail: Mapping[str, Any], before: datetime | None) -> Step:
    flat, reasons, event = _flat(detail), _reasons(detail), told.event
    words = " ".join(filter(None, (str(flat.get("azure_code") or ""), str(flat.get("message") or ""))))
    return Step(
        told,
        is_told=True,
        meaning=wording.step_text(event.action, detail),
        person=_person(told),
        comment=_text(detail.get("comment")),
        reasons=reasons,
        azure_words="" if any(words in reason for reason in reasons) else words,
        facts=[(label_of(key), _fact(key, flat[key])) for key in FACTS if flat.get(key) not in (None, "", 0)],
        weighed=weighed_view(event.action, detail.get("evidence")),
        seconds_after=None if before is None else (event.occurred_at - before).total_seconds(),
    )


def _person(told: ToldEvent) -> str:
    """The name of whoever did it, and the key of somebody without one; empty for what the portal did itself."""
    actor = told.body["actor"]
    return _text(actor["name"] or actor["object_id"]) if told.is_by_person else ""


def _text(value: object) -> str:
    """As it is, where it is a text: one that stands for a redacted text is translated where it is shown."""
    return value if isinstance(value, str) else str(value or "")


def _fact(key: str, value: object) -> str:
    """As it was recorded; a time in the zone that the page is in."""
    return moment_text(value) if key in TIMES else str(value)


def _flat(detail: Mapping[str, Any]) -> dict[str, Any]:
    """The detail with what lies one level deeper in it: a note's blanks, the machine as it was."""
    return {**_mapping(detail.get("evidence")), **_mapping(detail.get("params")), **detail}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _reasons(detail: Mapping[str, Any]) -> list[str]:
    """The note and the findings in words."""
    findings = detail.get("findings")
    notes = [detail, *map(_mapping, findings if isinstance(findings, list) else ())]
    return [wording.note_text(note) for note in notes if wording.has_note_text(note)]
