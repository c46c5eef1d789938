"""Reads for pages and services: what a person may see and do, resolved in SQL. Writes nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from portal.identity.models import User
from reimage.domain import policy
from reimage.domain.operation_states import ACTIVE, TERMINAL, OperationState
from reimage.domain.policy import PrincipalKey
from reimage.domain.request_states import RequestState
from reimage.domain.resource_ids import Scope, VirtualMachineId
from reimage.models import (
    AccessGrant,
    GrantRole,
    PrincipalKind,
    ReimageOperation,
    ReimageRequest,
    SecretField,
    VirtualMachine,
    VirtualMachineTag,
)

TYPICAL_OVER = 50  # reimages


def granted_group_ids() -> list[str]:
    """The groups that any grant names: those worth asking Entra ID about."""
    rows = AccessGrant.objects.filter(principal_kind=PrincipalKind.GROUP).values_list("principal_id", flat=True)
    return sorted({str(row) for row in rows})


def principal_key_of(user: User) -> PrincipalKey:
    """The person as the rules compare them."""
    return PrincipalKey(str(user.tenant_id), str(user.object_id))


def grants_of(user: User, role: GrantRole | None = None) -> QuerySet[AccessGrant]:
    """The person's own grants and those of their groups, as of the last sign-in."""
    groups = [UUID(group) for group in user.group_ids]
    own = Q(principal_kind=PrincipalKind.USER, principal_id=user.object_id)
    grants = AccessGrant.objects.filter(own | Q(principal_kind=PrincipalKind.GROUP, principal_id__in=groups))
    return grants.filter(role=role) if role else grants


def policy_grants(grants: Iterable[AccessGrant]) -> tuple[policy.Grant, ...]:
    """Stored grants as the rules' values."""
    return tuple(
        policy.Grant(
            role=policy.GrantRole(grant.role),
            scope=Scope.parse(grant.scope),
            tag=(grant.tag_name, grant.tag_value) if grant.tag_name else None,
        )
        for grant in grants
    )


def covered_by(grant: AccessGrant) -> Q:
    """The condition on VirtualMachine that a grant stands for."""
    scope = Scope.parse(grant.scope)
    if scope.virtual_machine:
        condition = Q(resource_key=scope.key)
    else:
        condition = Q(subscription_id=scope.subscription_id.lower())
        if scope.resource_group:
            condition &= Q(resource_group_key=scope.resource_group.lower())
    if grant.tag_name:
        tagged = VirtualMachineTag.objects.filter(name_key=grant.tag_name.lower(), value=grant.tag_value)
        condition &= Q(pk__in=tagged.values("virtual_machine_id"))
    return condition


def virtual_machines_covered_by(grants: Iterable[AccessGrant]) -> QuerySet[VirtualMachine]:
    """Every machine that at least one of the grants covers; none for no grants."""
    condition = Q(pk__in=[])
    for grant in grants:
        condition |= covered_by(grant)
    return VirtualMachine.objects.filter(condition)


def covered_counts(grants: Sequence[AccessGrant]) -> dict[int, int]:
    """How many present machines each grant covers, by its primary key, in one query."""
    if not grants:
        return {}
    present = VirtualMachine.objects.filter(vanished_at__isnull=True)
    counts = present.aggregate(**{f"grant_{grant.pk}": Count("pk", filter=covered_by(grant)) for grant in grants})
    return {grant.pk: counts[f"grant_{grant.pk}"] for grant in grants}


def virtual_machines_for(user: User, role: GrantRole) -> QuerySet[VirtualMachine]:
    """The machines for which the person holds the role, vanished ones included."""
    return virtual_machines_covered_by(grants_of(user, role))


def virtual_machines_visible_to(user: User) -> QuerySet[VirtualMachine]:
    """The machines whose page the person may open: by any grant, or by an app role that reads all."""
    if user.is_auditor or user.is_administrator:
        return VirtualMachine.objects.all()
    return virtual_machines_covered_by(grants_of(user))


def with_open_operation(machines: QuerySet[VirtualMachine]) -> QuerySet[VirtualMachine]:
    """Adds `has_open_operation`: another request occupies the machine."""
    return machines.annotate(has_open_operation=_open_operation())


def without_open_operation(machines: QuerySet[VirtualMachine]) -> QuerySet[VirtualMachine]:
    """Those that no request occupies."""
    return machines.exclude(_open_operation())


def _open_operation() -> Exists:
    return Exists(ReimageOperation.objects.filter(resource_key=OuterRef("resource_key"), state__in=ACTIVE))


def with_last_reimage(machines: QuerySet[VirtualMachine]) -> QuerySet[VirtualMachine]:
    """Adds `last_reimaged_at`: when the portal last brought a reimage of the machine to a good end."""
    succeeded = ReimageOperation.objects.filter(virtual_machine=OuterRef("pk"), state=OperationState.SUCCEEDED)
    return machines.annotate(last_reimaged_at=Subquery(succeeded.order_by("-finished_at").values("finished_at")[:1]))


def administrators() -> list[User]:
    """The known people who manage access: those to ask for it."""
    return [person for person in User.objects.order_by("display_name", "pk") if person.is_administrator]


def reimage_requests_visible_to(user: User) -> QuerySet[ReimageRequest]:
    """One's own, those over machines one may decide on, and all for auditors and administrators. Drafts: one's own."""
    own = Q(requester=user)
    if user.is_auditor or user.is_administrator:
        return ReimageRequest.objects.filter(own | ~Q(state=RequestState.DRAFT))
    mine = virtual_machines_for(user, GrantRole.APPROVER).values("pk")
    over_mine = ReimageOperation.objects.filter(reimage_request=OuterRef("pk"), virtual_machine__in=mine)
    return ReimageRequest.objects.filter(own | (~Q(state=RequestState.DRAFT) & Exists(over_mine)))


def passwords_to_see(user: User) -> QuerySet[ReimageOperation]:
    """The person's own machines whose generated password still waits to be seen, once."""
    kept = ReimageOperation.objects.filter(sealed_secrets__field=SecretField.GENERATED, state__in=TERMINAL)
    return kept.filter(reimage_request__requester=user).order_by("reimage_request", "position")


def reimage_requests_awaiting(user: User) -> QuerySet[ReimageRequest]:
    """What the person can decide now: pending, not their own, every machine covered. Oldest deadline first."""
    mine = virtual_machines_for(user, GrantRole.APPROVER).values("pk")
    beyond = ReimageOperation.objects.filter(reimage_request=OuterRef("pk")).exclude(virtual_machine__in=mine)
    pending = ReimageRequest.objects.filter(state=RequestState.PENDING_APPROVAL).exclude(requester=user)
    return pending.exclude(Exists(beyond)).order_by("expires_at", "pk")


def work_counts(user: User) -> dict[str, int]:
    """What waits for the person, and what of theirs is going on."""
    mine = Count("pk", filter=Q(state__in=(RequestState.APPROVED, RequestState.EXECUTING)))
    failed = Count("pk", filter=Q(state__in=(RequestState.FAILED, RequestState.COMPLETED_WITH_PROBLEMS)))
    pending = Count("pk", filter=Q(state=RequestState.PENDING_APPROVAL))
    counts = ReimageRequest.objects.filter(requester=user).aggregate(running=mine, failed=failed, pending=pending)
    return {"to_decide": reimage_requests_awaiting(user).count(), **counts}


def typical_reimage_seconds() -> float | None:
    """The median time from the POST to the verified end, over the last reimages; None before the first."""
    ended = ReimageOperation.objects.filter(state=OperationState.SUCCEEDED, submitted_at__isnull=False)
    times = ended.order_by("-finished_at").values_list("submitted_at", "finished_at")[:TYPICAL_OVER]
    durations = [(finished - submitted).total_seconds() for submitted, finished in times if submitted and finished]
    return median(durations) if durations else None


@dataclass(frozen=True)
class Approvers:
    """Who may decide. People have signed in before; of a group's other members the portal knows nothing yet.

    `strangers` are people whom a grant names and who never signed in: they may decide, but get no mail before that.
    """

    people: list[User]
    groups: list[str]
    strangers: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.people or self.groups or self.strangers)


def approvers_of(reimage_request: ReimageRequest) -> Approvers:
    """Who may decide it: their grants cover every machine, and they are not its requester."""
    found = _approvers_over(targets_of(reimage_request))
    return replace(found, people=[person for person in found.people if person.pk != reimage_request.requester_id])


def approvers_for(machine: VirtualMachine) -> Approvers:
    """Who may decide about this machine."""
    return _approvers_over([policy.Target(VirtualMachineId.parse(machine.resource_id), machine.tags)])


def _approvers_over(targets: list[policy.Target]) -> Approvers:
    by_principal: dict[str, list[AccessGrant]] = {}
    for grant in AccessGrant.objects.filter(role=GrantRole.APPROVER):
        by_principal.setdefault(str(grant.principal_id), []).append(grant)
    people = User.objects.order_by("display_name", "pk")
    covering = [grants for grants in by_principal.values() if _covers_all(grants, targets)]
    return Approvers(
        people=[person for person in people if _covers_all(_grants_among(by_principal, person), targets)],
        groups=sorted(_label_of(grants) for grants in covering if grants[0].principal_kind == PrincipalKind.GROUP),
        strangers=labels_of_strangers([grant for grants in covering for grant in grants]),
    )


def never_signed_in(grants: Iterable[AccessGrant]) -> set[UUID]:
    """The people among the principals whom the portal does not know yet, and so has no address to write to."""
    named = {grant.principal_id for grant in grants if grant.principal_kind == PrincipalKind.USER}
    return named - set(User.objects.filter(object_id__in=named).values_list("object_id", flat=True))


def labels_of_strangers(grants: Sequence[AccessGrant]) -> list[str]:
    """Those by the names that their grants give them; their address is in Entra ID alone."""
    strangers = never_signed_in(grants)
    by_principal: dict[UUID, list[AccessGrant]] = {}
    for grant in grants:
        if grant.principal_id in strangers:
            by_principal.setdefault(grant.principal_id, []).append(grant)
    return sorted(_label_of(found) for found in by_principal.values())


def _label_of(grants: list[AccessGrant]) -> str:
    """The principal's name, from whichever grant has it."""
    return next((grant.principal_label for grant in grants if grant.principal_label), str(grants[0].principal_id))


def targets_of(reimage_request: ReimageRequest) -> list[policy.Target]:
    """The request's machines as the rules see them, with the inventory's tags."""
    return [target_of(operation) for operation in reimage_request.operations.select_related("virtual_machine")]


def target_of(operation: ReimageOperation) -> policy.Target:
    """One of them."""
    machine = operation.virtual_machine
    return policy.Target(VirtualMachineId.parse(machine.resource_id), machine.tags)


def _grants_among(by_principal: dict[str, list[AccessGrant]], person: User) -> list[AccessGrant]:
    principals = [str(person.object_id), *(str(group).lower() for group in person.group_ids)]
    return [grant for principal in principals for grant in by_principal.get(principal, [])]


def _covers_all(grants: list[AccessGrant], targets: list[policy.Target]) -> bool:
    rules = policy_grants(grants)
    return bool(rules) and all(policy.may_approve(rules, target.vm_id, target.tags) for target in targets)
