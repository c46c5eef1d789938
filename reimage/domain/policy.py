"""Who may request and who may decide: rules over grants as data. Knows no users, tokens or tables."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reimage.domain.errors import DomainError, RuleViolation
from reimage.domain.names import GUID
from reimage.domain.resource_ids import Scope, VirtualMachineId

REQUEST_MAX = 50


class PrincipalError(DomainError):
    """A tenant id or object id is no GUID."""


@dataclass(frozen=True, slots=True)
class PrincipalKey:
    """A person for good: Entra's tenant id and object id, in lower case. Names and addresses prove nothing."""

    tenant_id: str
    object_id: str

    def __post_init__(self) -> None:
        for name in ("tenant_id", "object_id"):
            value = getattr(self, name)
            if not GUID.fullmatch(value):
                raise PrincipalError(f"{name} must be a GUID")
            object.__setattr__(self, name, value.lower())

    def __str__(self) -> str:
        return f"{self.tenant_id}/{self.object_id}"


class GrantRole(StrEnum):
    REQUESTER = "requester"
    APPROVER = "approver"


@dataclass(frozen=True, slots=True)
class Grant:
    """Power over a scope, or over what carries the tag (name, value) within it."""

    role: GrantRole
    scope: Scope
    tag: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Target:
    vm_id: VirtualMachineId
    tags: Mapping[str, str]


def covers(grant: Grant, vm_id: VirtualMachineId, tags: Mapping[str, str]) -> bool:
    return grant.scope.contains(vm_id) and (grant.tag is None or _carries(tags, *grant.tag))


def may_request(grants: Iterable[Grant], vm_id: VirtualMachineId, tags: Mapping[str, str]) -> bool:
    return _any_covers(grants, GrantRole.REQUESTER, vm_id, tags)


def may_approve(grants: Iterable[Grant], vm_id: VirtualMachineId, tags: Mapping[str, str]) -> bool:
    return _any_covers(grants, GrantRole.APPROVER, vm_id, tags)


def decision_obstacles(
    *,
    approver_identity: PrincipalKey,
    requester_identity: PrincipalKey,
    approver_grants: Sequence[Grant],
    targets: Iterable[Target],
) -> tuple[RuleViolation, ...]:
    """Why this person may not decide this request; every virtual machine beyond their grants is named.

    Of one's own request nothing else is said: no grant would help.
    """
    if approver_identity == requester_identity:
        return (RuleViolation("decision", "own_request"),)
    beyond = (target.vm_id for target in targets if not may_approve(approver_grants, target.vm_id, target.tags))
    return tuple(RuleViolation("decision", "virtual_machine_not_covered", _named(vm_id)) for vm_id in beyond)


def request_size_violations(count: int) -> tuple[RuleViolation, ...]:
    if count < 1:
        return (RuleViolation("targets", "no_virtual_machine"),)
    if count > REQUEST_MAX:
        return (RuleViolation("targets", "too_many_virtual_machines", {"maximum": REQUEST_MAX, "count": count}),)
    return ()


def target_violations(vm_ids: Sequence[VirtualMachineId]) -> tuple[RuleViolation, ...]:
    """The size of a request, and every virtual machine that it names more than once, however spelled."""
    spellings = {vm_id.key: vm_id for vm_id in vm_ids}
    twice = [spellings[key] for key, times in Counter(vm_id.key for vm_id in vm_ids).items() if times > 1]
    repeated = (RuleViolation("targets", "virtual_machine_repeated", _named(vm_id)) for vm_id in twice)
    return (*request_size_violations(len(vm_ids)), *repeated)


def _any_covers(grants: Iterable[Grant], role: GrantRole, vm_id: VirtualMachineId, tags: Mapping[str, str]) -> bool:
    return any(grant.role is role and covers(grant, vm_id, tags) for grant in grants)


def _carries(tags: Mapping[str, str], name: str, value: str) -> bool:
    # Tag names are case-insensitive, tag values are case-sensitive:
    # https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources
    return any(tag.lower() == name.lower() and content == value for tag, content in tags.items())


def _named(vm_id: VirtualMachineId) -> dict[str, str | int]:
    return {"vm": vm_id.name, "resource_id": str(vm_id)}


def confirmation_violations(typed: str, phrase: str) -> tuple[RuleViolation, ...]:
    """What the requester types before a request is sent; neither case nor space around it counts."""
    if typed.strip().casefold() == phrase.casefold():
        return ()
    return (RuleViolation("confirmation", "confirmation_differs", {"phrase": phrase}),)
