"""Tells that somebody was refused. What they tried has been rolled back, so an event is a transaction of its own."""

import structlog
from django.db import Error, transaction
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
    """A line of every refusal, and of every look for what is not there, with who it was."""
    if is_refusal(request, problem) or isinstance(problem, NotFound):
        person = str(request.user.object_id) if request.user.is_authenticated else ""
        kind, path = type(problem).__name__, request.path
        logger.info("access.refused", person=person, method=request.method, path=path, problem=kind)


def record_refusal(request: HttpRequest, problem: Problem, *, is_last: bool = False) -> None:
    """Records a refusal; other problems are none. `is_last` says that further ones are left out for a while.

    Nothing was changed, so a log that cannot be written must not hide the explanation from the person.
    """
    if not is_refusal(request, problem):
        return
    named = problem.about
    flags = {"wrong_state": isinstance(problem, WrongState), "further_in_log": is_last}
    try:
        with transaction.atomic():
            record(
                action=ACCESS_REFUSED,
                actor=Actor.person(request.user) if request.user.is_authenticated else Actor.unknown(),
                outcome=Outcome.REFUSED,
                target=Target("page", request.path, request.path),
                related=[Target.person(str(named.object_id), named.display_name)] if named else (),
                detail={"method": request.method, "route": route_of(request), "message": Personal(problem.message)},
                flags=[name for name, is_set in flags.items() if is_set],
            )
    except Error:
        logger.exception("refusal_not_recorded", path=request.path)


def route_of(request: HttpRequest) -> str:
    """The name of the page; empty where there is none."""
    return request.resolver_match.view_name if request.resolver_match else ""
