"""The campaign's own look into the portal's database: what is there, and time passing for one row."""

from collections import Counter
from datetime import timedelta
from uuid import UUID

from django.db import close_old_connections
from django.utils import timezone

from portal.audit.actors import Actor
from reimage.domain.operation_states import ACTIVE, OperationState
from reimage.domain.request_states import OPEN, RequestState
from reimage.models import AccessGrant, GrantRole, PrincipalKind, ReimageOperation, ReimageRequest, VirtualMachine
from reimage.services.grants import create_grant
from tests.cast import Part

STEWARD = Actor.system("chaos")


def machines() -> list[VirtualMachine]:
    """The inventory in an order that is the same for one seed."""
    return list(VirtualMachine.objects.order_by("resource_key"))


def grant(part: Part, role: GrantRole, scope: str) -> AccessGrant:
    return create_grant(
        actor=STEWARD,
        principal_kind=PrincipalKind.USER,
        principal_id=part.object_id,
        role=role,
        scope=scope,
        label=part.display_name,
    )


def state_of(number: int) -> RequestState | None:
    close_old_connections()
    found = ReimageRequest.objects.filter(pk=number).values_list("state", flat=True).first()
    return RequestState(found) if found else None


def digest_of(number: int) -> str:
    return str(ReimageRequest.objects.values_list("digest", flat=True).get(pk=number))


def requester_of(number: int) -> UUID:
    return UUID(str(ReimageRequest.objects.values_list("requester__object_id", flat=True).get(pk=number)))


def awaiting_password(number: int) -> list[int]:
    """The operations of a request that wait for its requester's password."""
    close_old_connections()
    waiting = ReimageOperation.objects.filter(reimage_request=number, state=OperationState.AWAITING_PASSWORD)
    return list(waiting.values_list("pk", flat=True))


def let_term_end(number: int) -> None:
    """As if three days had passed for this request."""
    ReimageRequest.objects.filter(pk=number).update(expires_at=timezone.now() - timedelta(seconds=1))


def occupied() -> set[str]:
    """Machines, by key, that an open operation holds."""
    close_old_connections()
    states = [str(state) for state in ACTIVE]
    return set(ReimageOperation.objects.filter(state__in=states).values_list("resource_key", flat=True))


def unfinished() -> dict[str, int]:
    """Operations that a worker has to advance, and requests that have not followed, by state; empty in the end."""
    close_old_connections()
    waiting = {str(state) for state in ACTIVE - {OperationState.NEEDS_ATTENTION}}
    states = Counter(ReimageOperation.objects.filter(state__in=waiting).values_list("state", flat=True))
    attended = ReimageOperation.objects.filter(state=OperationState.NEEDS_ATTENTION).values("reimage_request")
    open_requests = ReimageRequest.objects.filter(state__in=OPEN).exclude(pk__in=attended)
    states.update(f"request {state}" for state in open_requests.values_list("state", flat=True))
    return dict(states)
