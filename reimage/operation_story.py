"""One operation as a page tells it: what was done attempt by attempt, what Azure said, what the portal concluded.

Made of the bodies of the audit events alone, so that it shows nothing that cannot be proved. Reads; decides nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from portal.audit.models import TEXT_LENGTH
from portal.audit.telling import ToldEvent, told_about
from reimage import audit_actions
from reimage.models import ReimageOperation
from reimage.operation_steps import Step, step_of


@dataclass(slots=True)
class Attempt:
    """Steps from the checks to what came of one POST; `number` counts the POSTs, 0 is what people did before."""

    number: int
    is_sent: bool = False
    steps: list[Step] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """From its first step to its last; when a damaged one took place nobody knows."""
        times = [step.event.occurred_at for step in self.steps if step.told.is_readable]
        return (times[-1] - times[0]).total_seconds() if times else 0

    @property
    def title(self) -> str:
        """What stands over its steps."""
        if not self.number:
            return _("Request and decision")
        text = _("Attempt %(number)s") if self.is_sent else _("Checks before attempt %(number)s")
        return text % {"number": self.number}


def story_of(operation: ReimageOperation) -> list[Attempt]:
    """The attempts, oldest first; three queries for a hundred events.

    It reads all events of the request: which machine one is about, its body says. One that is damaged or left out may
    be about any.
    """
    own = told_about(operation.reimage_request.audit_subject)
    return attempts_of(told for told in own if not told.is_readable or _is_about(told, operation))


def _is_about(told: ToldEvent, operation: ReimageOperation) -> bool:
    event = told.event
    return event.target_kind == "reimage_request" or event.target_id == operation.resource_id[:TEXT_LENGTH]


def attempts_of(events: Iterable[ToldEvent]) -> list[Attempt]:
    """A new attempt begins with the first checks, and with checks after a POST."""
    attempts = [Attempt(0)]
    before: datetime | None = None
    for told in events:
        action = told.event.action if told.is_readable else ""
        current = attempts[-1]
        if action == audit_actions.OPERATION_PREFLIGHT.name and (current.is_sent or not current.number):
            current = Attempt(current.number + 1)
            attempts.append(current)
        current.is_sent |= action == audit_actions.OPERATION_SUBMITTING.name
        current.steps.append(step_of(told, before))
        before = told.event.occurred_at if told.is_readable else before
    return [attempt for attempt in attempts if attempt.steps]
