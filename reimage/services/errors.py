"""What the services refuse, beyond the site's own ways of saying no."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.errors import NotFound, Problem, WrongState
from reimage.domain.errors import RuleViolation
from reimage.domain.plan import PlanDocumentError, ReimagePlan
from reimage.models import ReimageOperation


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken rule and, where it is about one machine, that machine's key."""

    violation: RuleViolation
    resource_key: str = ""


class AlreadySubmitted(WrongState):
    """It came before; `reimage_request_id` is the request that came of it. Not sent a second time."""

    def __init__(self, message: str, *, reimage_request_id: int) -> None:
        super().__init__(message)
        self.reimage_request_id = reimage_request_id


class MachinesChanged(WrongState):
    """Azure shows another kind of machine than the settings were chosen for. Nothing was stored."""


class InvalidReimageRequest(Problem):
    """What was asked for breaks rules; nothing was stored. A form shows each finding at its field."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(_("The request cannot be sent as it is."), _("Correct what is marked, then send it again."))


class DamagedPlan(Problem):
    """What is stored of a machine's plan is none. Its request can end, but nobody can be shown what it is."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR


def plan_of(operation: ReimageOperation) -> ReimagePlan:
    """The plan, to show it. Raises DamagedPlan."""
    try:
        return operation.reimage_plan
    except PlanDocumentError as err:
        damaged = DamagedPlan(
            _("What is stored of request #%(id)s for %(machine)s is damaged and cannot be shown.")
            % {"id": operation.reimage_request_id, "machine": operation.name},
            _("Nothing is sent to Azure from it. Ask an administrator: the audit log keeps what was approved."),
            way_on=reverse("reimage:operation", args=[operation.reimage_request_id, operation.pk]),
        )
        damaged.way_on_label = _("Every step of this operation")
        raise damaged from err


def no_such_request(reimage_request_id: int) -> NotFound:
    """What is said of a request that is not there, and of one that this person may not see: the same."""
    return NotFound(
        _("There is no request #%(id)s that you may see.") % {"id": reimage_request_id},
        _("Check the number, or start from “My work”."),
    )
