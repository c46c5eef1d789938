"""What a grant covers and who could decide about it, for administrators. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from portal.identity.models import User
from reimage import selectors
from reimage.models import AccessGrant, GrantRole, PrincipalKind, VirtualMachine
from reimage.selectors import Approvers

AT_ONCE = 100  # grants that one query counts for


@dataclass(frozen=True)
class Coverage:
    """How many present machines, who may decide about some of them, and for how many nobody may."""

    machines: int
    approvers: Approvers
    without_approver: int


def coverage_of(grant: AccessGrant) -> Coverage:
    """Of a grant that is stored or only proposed; a proposed approver counts as one."""
    covered = VirtualMachine.objects.filter(selectors.covered_by(grant), vanished_at__isnull=True)
    approving = AccessGrant.objects.filter(role=GrantRole.APPROVER).exclude(pk=grant.pk)
    if grant.role == GrantRole.APPROVER:
        deciding = [*approving, grant]
    elif grant.principal_kind == PrincipalKind.USER:  # nobody decides their own request
        deciding = list(approving.exclude(principal_id=grant.principal_id))
    else:
        deciding = list(approving)
    undecided = covered.exclude(pk__in=selectors.virtual_machines_covered_by(deciding).values("pk"))
    return Coverage(
        machines=covered.count(),
        approvers=_approvers(grant, _touching(covered, deciding)),
        without_approver=undecided.count(),
    )


def _touching(machines: QuerySet[VirtualMachine], grants: Sequence[AccessGrant]) -> list[AccessGrant]:
    """The grants that cover at least one of the machines."""
    found = []
    for start in range(0, len(grants), AT_ONCE):
        part = grants[start : start + AT_ONCE]
        counts = machines.aggregate(
            **{f"grant_{n}": Count("pk", filter=selectors.covered_by(grant)) for n, grant in enumerate(part)}
        )
        found += [grant for n, grant in enumerate(part) if counts[f"grant_{n}"]]
    return found


def _approvers(asked: AccessGrant, grants: Sequence[AccessGrant]) -> Approvers:
    """Who holds one of the grants; without the person who would ask by the one in question."""
    principals = {str(grant.principal_id) for grant in grants}
    own = str(asked.principal_id) if asked.role == GrantRole.REQUESTER else ""
    people = [
        person
        for person in User.objects.order_by("display_name", "pk")
        if principals & {str(person.object_id), *map(str.lower, person.group_ids)} and str(person.object_id) != own
    ]
    groups = {
        grant.principal_label or str(grant.principal_id)
        for grant in grants
        if grant.principal_kind == PrincipalKind.GROUP
    }
    others = [grant for grant in grants if str(grant.principal_id) != own]
    return Approvers(people=people, groups=sorted(groups), strangers=selectors.labels_of_strangers(others))
