"""The same request once more: a double click, a form sent again, a second tab. It is told which one is on its way."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from portal.identity.models import User
from reimage.domain.operation_states import ACTIVE, TERMINAL
from reimage.models import ReimageOperation, ReimageRequest
from reimage.services.errors import AlreadySubmitted


def refuse_twin(requester: User, machine_ids: Iterable[int], *, justification: str, ticket: str) -> None:
    """Raises AlreadySubmitted where an open request of the same person is for these machines and says why as this does.

    Other machines, or another reason: that is another wish, and which machine is occupied is what its person reads.
    """
    wanted = set(machine_ids)
    for number, machines in _open_machines(requester, justification, ticket).items():
        if machines == wanted:
            raise already_submitted(number)


def _open_machines(requester: User, justification: str, ticket: str) -> dict[int, set[int]]:
    """The machines of each such request that is wholly open still: what has ended in part may be asked for again."""
    alike = ReimageRequest.objects.filter(requester=requester, justification=justification, ticket=ticket)
    whole = alike.filter(operations__state__in=ACTIVE).exclude(operations__state__in=TERMINAL)
    numbers = whole.values_list("pk", flat=True)
    found: dict[int, set[int]] = {}
    operations = ReimageOperation.objects.filter(reimage_request__in=set(numbers))
    for number, machine in operations.values_list("reimage_request_id", "virtual_machine_id"):
        found.setdefault(number, set()).add(machine)
    return found


def already_submitted(reimage_request_id: int) -> AlreadySubmitted:
    """For the request that was sent first."""
    words = _("Request #%(id)s has already been sent; it was not sent twice.") % {"id": reimage_request_id}
    return AlreadySubmitted(words, reimage_request_id=reimage_request_id)
