"""What a changing call has to pass, in the transaction of its intent: kill switch, breaker, buckets, term.

Locks are taken in this order everywhere: the request, the switch, the subscription's breaker, the buckets.
"""

from reimage.domain.operation_states import OperationState
from reimage.domain.plan import ReimagePlan
from reimage.models import ReimageRequest
from reimage.services import breaker, buckets, pausing
from reimage.services.hindrance import BreakerTripping, Hindered
from reimage.services.leases import Claim, commit, due_in


def look(held: Claim, plan: ReimagePlan) -> None:
    """Before anything is read: raises Hindered where it would be in vain. Binds nothing."""
    pausing.refuse_while_paused(locked=False)
    breaker.refuse_while_tripped(subscription_of(plan))
    buckets.refuse_while_empty(plan, held.now)


def pass_change(held: Claim, plan: ReimagePlan) -> None:
    """Before a PATCH leaves. Raises Hindered. A change that no reimage could follow now is not made either."""
    pausing.refuse_while_paused(locked=True)
    breaker.admit(held, subscription_of(plan), spends=False)
    buckets.take(plan, held.now)
    _refuse_after_the_term(held)


def pass_reimage(held: Claim, plan: ReimagePlan) -> None:
    """Before the POST leaves. Raises Hindered."""
    pausing.refuse_while_paused(locked=True)
    breaker.admit(held, subscription_of(plan), spends=True)
    buckets.take(plan, held.now)
    _refuse_after_the_term(held)


def _refuse_after_the_term(held: Claim) -> None:
    """It held before the machine was read, but Azure's answer and the locks may have taken longer than was left of it.

    Steps back like the others do; the next step stops for good.
    """
    expires_at = ReimageRequest.objects.values_list("expires_at", flat=True).get(pk=held.operation.reimage_request_id)
    if expires_at <= held.now:
        raise Hindered({"code": "approval_expired", "params": {}}, seconds=0)


def hold(held: Claim, hindered: Hindered) -> None:
    """The operation stays where it is and comes back; a breaker that had to trip is tripped first."""
    if isinstance(hindered, BreakerTripping):
        breaker.trip(hindered.subscription_id)
    state = OperationState(held.operation.state)
    commit(held, state, next_at=due_in(hindered.seconds), note=hindered.note)


def subscription_of(plan: ReimagePlan) -> str:
    return plan.resource_id.subscription_id.lower()
