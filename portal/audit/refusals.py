"""Records that somebody was refused. What they tried has been rolled back, so this is a transaction of its own."""

import structlog
from django.db import DatabaseError, transaction
from django.http import HttpRequest

from portal.audit.actors import Actor, Target
from portal.audit.catalogue import ACCESS_REFUSED
from portal.audit.models import Outcome
from portal.audit.personal import Personal
from portal.audit.services import record
from portal.errors import NotAllowed, Problem, TooMany, WrongState

logger = structlog.get_logger(__name__)


def record_refusal(request: HttpRequest, problem: Problem) -> None:
    """Records a refusal by a rule, a role, a limit, or because it came too late; other problems are no refusals.

    Nothing was changed, so a log that cannot be written must not hide the explanation from the person.
    """
    if not isinstance(problem, NotAllowed | TooMany | WrongState):
        return
    named = problem.about
    try:
        with transaction.atomic():
            record(
                action=ACCESS_REFUSED,
                actor=Actor.person(request.user) if request.user.is_authenticated else Actor.unknown(),
                outcome=Outcome.REFUSED,
                target=Target("page", request.path, request.path),
                related=[Target.person(str(named.object_id), named.display_name)] if named else (),
                detail={"method": request.method, "route": _route_of(request), "message": Personal(problem.message)},
                flags=["wrong_state"] if isinstance(problem, WrongState) else [],
            )
    except DatabaseError:
        logger.exception("refusal_not_recorded", path=request.path)


def _route_of(request: HttpRequest) -> str:
    return request.resolver_match.view_name if request.resolver_match else ""
