"""Marks that views carry for the session's sake."""

from collections.abc import Callable
from typing import TypeVar

View = TypeVar("View", bound=Callable[..., object])


def passive(view: View) -> View:
    """For what a page asks by itself, such as live progress: it never extends a session."""
    view.is_passive = True  # type: ignore[attr-defined]  # read by SessionLimitsMiddleware
    return view


def is_passive(view: Callable[..., object]) -> bool:
    """Whether a view was marked so."""
    return getattr(view, "is_passive", False)
