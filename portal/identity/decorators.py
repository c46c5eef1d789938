"""Marks that views carry for the session's sake."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

View = TypeVar("View", bound=Callable[..., object])


def passive(view: View) -> View:
    """For what a page asks by itself, such as live progress: it never extends a session."""
    view.is_passive = True  # type: ignore[attr-defined]  # read by SessionLimitsMiddleware
    return view


def grave(*kept: str) -> Callable[[View], View]:
    """For a deed that needs a young sign-in; fields of these names are kept while the person signs in again.

    Every deed is taken for grave, but of one that is not marked so nothing is kept: a field may be a secret.
    """

    def mark(view: View) -> View:
        view.kept_fields = kept  # type: ignore[attr-defined]  # read by StepUpMiddleware
        return view

    return mark


def routine(view: View) -> View:
    """For a deed that harms nobody, or that stops something: the session as it is suffices."""
    view.is_routine = True  # type: ignore[attr-defined]  # read by StepUpMiddleware
    return view


def recorded(view: View) -> View:
    """For what only reads, but is an event: no other site may lead people there, to write in their name."""
    view.is_recorded = lambda _has_query: True  # type: ignore[attr-defined]  # read by the middlewares of protection
    return view


def recorded_by_query(view: View) -> View:
    """For a page that does so once its address holds a query; without one a link from anywhere may lead to it."""
    view.is_recorded = bool  # type: ignore[attr-defined]  # read by the middlewares of protection
    return view


@dataclass(frozen=True)
class Limit:
    """A kind of deed that is counted, and whether asking for the page counts too."""

    kind: str
    reads_too: bool


def limited(kind: str, *, reads_too: bool = False) -> Callable[[View], View]:
    """For what must not come too often; settings.RATE_LIMITS says how often by kind."""

    def mark(view: View) -> View:
        view.limit = Limit(kind, reads_too)  # type: ignore[attr-defined]  # read by RateLimitMiddleware
        return view

    return mark


def limit_of(view: Callable[..., object]) -> Limit | None:
    """What `limited` was given."""
    return getattr(view, "limit", None)


def is_routine(view: Callable[..., object]) -> bool:
    """Whether a view was marked so, or is open to everybody."""
    return getattr(view, "is_routine", False) or not getattr(view, "login_required", True)


def kept_fields(view: Callable[..., object]) -> tuple[str, ...]:
    """The names that `grave` was given."""
    return getattr(view, "kept_fields", ())


def is_recorded(view: Callable[..., object], *, has_query: bool) -> bool:
    """Whether asking for this writes an event."""
    judge: Callable[[bool], bool] = getattr(view, "is_recorded", lambda _has_query: False)
    return judge(has_query)


def is_passive(view: Callable[..., object]) -> bool:
    """Whether a view was marked so."""
    return getattr(view, "is_passive", False)
