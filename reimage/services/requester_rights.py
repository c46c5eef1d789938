"""Whether whoever asked still may: a right that was lost stops a request before its POST, so it is told earlier."""

from collections.abc import Iterable
from dataclasses import replace

from django.utils.translation import gettext as _

from portal.errors import NotAllowed
from portal.identity.models import User
from reimage import selectors
from reimage.domain import policy
from reimage.models import GrantRole, ReimageOperation


def lost_right(
    requester: User, operations: Iterable[ReimageOperation], *, remedy: str, with_tags: bool = True
) -> NotAllowed | None:
    """The machines that the requester's grants cover no longer; None if they cover all.

    The tags are the inventory's, which can be older than Azure's: without them a grant counts for all that lies in its
    scope.
    """
    grants = selectors.policy_grants(selectors.grants_of(requester, GrantRole.REQUESTER))
    grants = grants if with_tags else tuple(replace(grant, tag=None) for grant in grants)
    targets = [selectors.target_of(operation) for operation in operations]
    lost = [target.vm_id.name for target in targets if not policy.may_request(grants, target.vm_id, target.tags)]
    if not lost:
        return None
    return NotAllowed(
        _("%(name)s may no longer request a reimage of: %(machines)s.")
        % {"name": requester, "machines": _(", ").join(lost)},
        remedy,
        about=requester,
    )
