"""The evidence of an operation that waits for an administrator, laid out for and against. Decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from reimage import wording
from reimage.domain.plan import ReimagePlan
from reimage.domain.virtual_machine import VirtualMachineFacts
from reimage.models import ReimageOperation
from reimage.services.errors import plan_of
from reimage.services.evidence import Observation
from reimage.templatetags.reimage_pages import power_state

FOR, AGAINST, NEITHER = "for", "against", "neither"
OF_TRACE = {
    "succeeded": (FOR, "log_succeeded"),
    "begun": (FOR, "log_begun"),
    "failed": (AGAINST, "log_failed"),
    "refused": (AGAINST, "log_refused"),
    "absent": (AGAINST, "log_absent"),
    "unreadable": (NEITHER, "log_unreadable"),
}
Found = tuple[str, str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One property of the machine, right before the call and now; both as text, empty where not known."""

    label: str
    before: str
    now: str

    @property
    def differs(self) -> bool:
        """Azure spells one id differently from one answer to the next."""
        return bool(self.before and self.now) and self.before.lower() != self.now.lower()


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """Sentences for and against the reimage having taken place, and what tells neither."""

    supporting: list[str]
    opposing: list[str]
    neither: list[str]
    compared: list[Comparison]


def evidence_view(operation: ReimageOperation, seen: Observation) -> EvidenceView:
    plan = plan_of(operation)
    found = [*_stored(operation), *_of_machine(operation, plan, seen), *_of_log(seen)]

    def sentences(side: str) -> list[str]:
        return [str(wording.EVIDENCE[code]) % params for where, code, params in found if where == side]

    compared = _compared(operation, plan, seen.facts)
    return EvidenceView(sentences(FOR), sentences(AGAINST), sentences(NEITHER), compared)


def _stored(operation: ReimageOperation) -> list[Found]:
    found: list[Found] = []
    if operation.accepted_at:
        found.append((FOR, "accepted", {"time": _time(operation.accepted_at)}))
    else:
        found.append((AGAINST, "not_accepted", {}))
    if busy_at := operation.evidence.get("busy_at"):
        found.append((FOR, "seen_busy", {"time": _time(datetime.fromisoformat(busy_at))}))
    return found


def _of_machine(operation: ReimageOperation, plan: ReimagePlan, seen: Observation) -> list[Found]:
    if seen.facts is None:
        return [(NEITHER, "machine_gone" if seen.is_gone else "machine_unread", {})]
    if seen.facts.vm_id != operation.evidence.get("vm_id", seen.facts.vm_id):
        return [(NEITHER, "another_machine", {})]
    if plan.ephemeral:
        return [(NEITHER, "disk_tells_nothing", {})]
    before = str(operation.evidence.get("os_disk_id") or plan.os_disk_id).lower()
    if seen.facts.os_disk.resource_id is None:
        return [(NEITHER, "disk_not_shown", {})]
    same = before == seen.facts.os_disk.resource_id.lower()
    return [(AGAINST, "disk_unchanged", {})] if same else [(FOR, "disk_replaced", {})]


def _of_log(seen: Observation) -> list[Found]:
    return [(*OF_TRACE[seen.trace], {})] if seen.trace else []


def _compared(operation: ReimageOperation, plan: ReimagePlan, now: VirtualMachineFacts | None) -> list[Comparison]:
    evidence = operation.evidence
    return [
        Comparison(_("VM id"), evidence.get("vm_id") or plan.vm_id, now.vm_id if now else ""),
        Comparison(
            _("OS disk"),
            str(evidence.get("os_disk_id") or plan.os_disk_id or ""),
            str(now.os_disk.resource_id or "") if now else "",
        ),
        Comparison(_("Image version"), plan.image.exact_version or "", (now.image.exact_version or "") if now else ""),
        Comparison(
            _("Provisioning state"),
            evidence.get("provisioning_state") or plan.provisioning_state,
            now.provisioning_state if now else "",
        ),
        Comparison(
            _("Power"),
            power_state(evidence.get("power_state") or plan.power_state),
            power_state(now.power_state) if now else "",
        ),
    ]


def _time(moment: datetime) -> str:
    return date_format(localtime(moment), "Y-m-d H:i T")
