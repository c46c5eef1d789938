"""What a new form takes over from a request: its words and settings. Never a secret: the web could not open one."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse

from portal.audit.text import visible
from portal.identity.models import User
from reimage import selectors
from reimage.domain.plan import DeleteOptionChange
from reimage.domain.request_states import RequestState
from reimage.models import ReimageOperation, ReimageRequest, VirtualMachine
from reimage.services.errors import DamagedPlan, plan_of

MOST_DRAFTS = 10  # looked through, the last first


@dataclass(frozen=True, slots=True)
class CopiedSettings:
    """`settings` are a form's initial values by the machine's primary key."""

    source: ReimageRequest
    settings: dict[int, dict[str, object]]
    leaves_out_secrets: bool

    @property
    def is_of_a_draft(self) -> bool:
        return bool(self.source.state == RequestState.DRAFT)

    @property
    def reason(self) -> dict[str, str]:
        """The words as they are read."""
        return {"justification": visible(self.source.justification), "ticket": visible(self.source.ticket)}


def form_address(source: ReimageRequest, operations: Sequence[ReimageOperation]) -> str:
    """The form for these machines of a request, filled in from it.

    It names the request instead of carrying its words: a long reason would make the address too long for servers.
    """
    machines = [("vm", operation.virtual_machine_id) for operation in operations]
    return f"{reverse('reimage:request-new')}?{urlencode([*machines, ('again', source.pk)])}"


def copied_from(person: User, reimage_request_id: int) -> CopiedSettings | None:
    """From the request of this number, if the person may see it."""
    visible_ones = selectors.reimage_requests_visible_to(person)
    source = visible_ones.prefetch_related("operations__virtual_machine").filter(pk=reimage_request_id).first()
    return _copied(source) if source else None


def copied_from_draft(person: User, machines: Sequence[VirtualMachine], *, now: datetime) -> CopiedSettings | None:
    """From the person's last draft of exactly these machines, while it is kept: they came back from its review."""
    wanted = {machine.pk for machine in machines}
    drafts = ReimageRequest.objects.filter(
        requester=person, state=RequestState.DRAFT, expires_at__gt=now, operations__virtual_machine=machines[0]
    )
    for draft in drafts.prefetch_related("operations__virtual_machine").order_by("-pk")[:MOST_DRAFTS]:
        if {operation.virtual_machine_id for operation in draft.operations.all()} == wanted:
            with suppress(DamagedPlan):  # then the form begins anew
                return _copied(draft)
    return None


def _copied(source: ReimageRequest) -> CopiedSettings:
    operations = list(source.operations.all())
    return CopiedSettings(
        source,
        {operation.virtual_machine_id: _settings(operation) for operation in operations},
        leaves_out_secrets=any("osProfile" in (plan_of(operation).body or {}) for operation in operations),
    )


def _settings(operation: ReimageOperation) -> dict[str, object]:
    plan = plan_of(operation)
    body = plan.body or {}
    wanted = plan.delete_option_at_reimage.value
    is_still_to_change = plan.changes_delete_option and operation.virtual_machine.delete_option != wanted
    return {
        "temp_disk": bool(body.get("tempDisk")),
        "exact_version": visible(str(body.get("exactVersion", ""))),
        "delete_option": DeleteOptionChange(wanted) if is_still_to_change else DeleteOptionChange.KEEP,
    }
