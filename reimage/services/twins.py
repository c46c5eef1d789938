"""The same request once more: a double click, a form sent again, a second tab. It is told which one is on its way."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from portal.identity.models import User
from reimage.domain.operation_states import ACTIVE
from reimage.models import ReimageOperation
from reimage.services.errors import AlreadySubmitted


def refuse_twin(requester: User, machine_ids: Iterable[int]) -> None:
    """Raises AlreadySubmitted where one open request of the same person holds all of these machines."""
    wanted = set(machine_ids)
    open_ones = ReimageOperation.objects.filter(
        reimage_request__requester=requester, virtual_machine_id__in=wanted, state__in=ACTIVE
    )
    found = list(open_ones.values_list("reimage_request_id", "virtual_machine_id"))
    numbers = {number for number, _machine in found}
    if len(numbers) == 1 and {machine for _number, machine in found} == wanted:
        raise already_submitted(numbers.pop())


def already_submitted(reimage_request_id: int) -> AlreadySubmitted:
    """For the request that was sent first."""
    words = _("Request #%(id)s has already been sent; it was not sent twice.") % {"id": reimage_request_id}
    return AlreadySubmitted(words, reimage_request_id=reimage_request_id)
