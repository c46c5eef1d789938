"""Which lost answers nobody could settle from evidence, because the campaign made sure that there is none.

The last intent of an operation counts as undecidable when
- its POST never arrived at Azure, and a worker or its database was harmed while it might have been sent;
- its POST arrived, was not accepted, and the answer that would have said so was taken away: by a fault that hides it,
  or by harm to the worker or its database before it could be written down;
- its POST was accepted, but the answer named an operation on a foreign host, to which no token goes;
- it was accepted only after the quarantine had ended and an administrator had been asked.
Everything else has evidence: the OS disk, or the Activity Log.
"""

from collections.abc import Iterable

from tests.chaos.evidence import Post
from tests.chaos.scale import LEASE_SECONDS

HIDING = ("reset_before", "status:5", "accepted_then_status", "accepted_then_lost")
SLOW_SECONDS = 20  # the longest that an answer may take, and be waited for


def is_undecidable(intended_at: float, post: Post | None, *, escalated_at: float, moments: Iterable[float]) -> bool:
    """Whether an administrator had to be asked about this intent and what came of it."""
    if post is None:
        return _harmed(moments, intended_at - 1, intended_at + LEASE_SECONDS)
    if post.accepted:
        return post.fault == "foreign_operation_host" or bool(escalated_at and post.at > escalated_at)
    is_hidden = post.fault is not None and post.fault.startswith((*HIDING, "slow"))
    return is_hidden or _harmed(moments, intended_at - 1, post.at + SLOW_SECONDS)


def _harmed(moments: Iterable[float], begin: float, end: float) -> bool:
    return any(begin <= moment <= end for moment in moments)
