"""Tells that somebody was refused. What they tried has been rolled back, so an event is a transaction of its own."""

import structlog
from django.db import DatabaseError, transaction
from django.http import HttpRequest

from portal.audit.actors import Actor, Target
from portal.audit.catalogue import ACCESS_REFUSED
from portal.audit.models import Outcome
from portal.audit.personal import Personal
from portal.audit.services import record
from portal.errors import NotAllowed, NotFound, Problem, TooMany, WrongState
from portal.safe_methods import SAFE_METHODS

logger = structlog.get_logger(__name__)


def is_refusal(request: HttpRequest, problem: Problem) -> bool:
    """By a rule, a role or a limit, or because it came too late; or a deed on what is not there for this person.

    To ask for what is not there is none: a stale link does so too. The log has it all the same.
    """
    if isinstance(problem, NotFound):
        return request.method not in SAFE_METHODS
    return isinstance(problem, NotAllowed | TooMany | WrongState)


def log_refusal(request: HttpRequest, problem: Problem) -> None:
    """A line for every answer that said no, with who it was."""
    person = str(request.user.object_id) if request.user.is_authenticated else ""
    route, status = _route_of(request), problem.status.value
    logger.info("access.refused", person=person, method=request.method, route=route, status=status)


def record_refusal(request: HttpRequest, problem: Problem, *, more_follow: bool = False) -> None:
    """Records a refusal; other problems are none. `more_follow` says that the next ones are left out for a while.

    Nothing was changed, so a log that cannot be written must not hide the explanation from the person.
    """
    if not is_refusal(request, problem):
        return
    named = problem.about
    flags = {"wrong_state": isinstance(problem, WrongState), "more_follow": more_follow}
    try:
        with transaction.atomic():
            record(
                action=ACCESS_REFUSED,
                actor=Actor.person(request.user) if request.user.is_authenticated else Actor.unknown(),
                outcome=Outcome.REFUSED,
                target=Target("page", request.path, request.path),
                related=[Target.person(str(named.object_id), named.display_name)] if named else (),
                detail={"method": request.method, "route": _route_of(request), "message": Personal(problem.message)},
                flags=[name for name, is_set in flags.items() if is_set],
            )
    except DatabaseError:
        logger.exception("refusal_not_recorded", path=request.path)


def _route_of(request: HttpRequest) -> str:
    return request.resolver_match.view_name if request.resolver_match else ""
