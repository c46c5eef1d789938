"""A grave deed needs a young sign-in (ASVS 5.0 7.5.3): how young a session's is, and what was typed when it was not.

Entra ID's `auth_time` counts, and nothing else: the sign-in here may be a silent one, hours after the person proved
who they are. Knows no view and no deed.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import QueryDict

from portal.identity import sessions
from portal.identity.claims import Claims
from portal.identity.errors import NotFreshEnough
from portal.identity.tokens import LEEWAY_SECONDS

KEPT_FORM = "identity.kept_form"
KEPT_SECONDS = 600  # as long as a sign-in may take
MOST_KEPT_CHARACTERS = 8_000


@dataclass(frozen=True)
class KeptForm:
    """What somebody sent when their sign-in was too old: where to, from which page, and the fields that may be kept."""

    path: str
    page: str
    fields: list[tuple[str, str]]


def max_age() -> timedelta:
    return timedelta(minutes=settings.STEP_UP_MINUTES)


def is_fresh(session: SessionBase, now: datetime) -> bool:
    """Whether the person proved who they are lately, and in the context that the installation asks for."""
    seconds = session.get(sessions.AUTHENTICATED_AT)
    return seconds is not None and _is_young(seconds, now) and _has_context(session.get(sessions.CONTEXTS, []))


def check_claims(claims: Claims, now: datetime) -> None:
    """Raises NotFreshEnough unless the token proves what was asked for: a browser can drop it from the address."""
    if claims.auth_time is None or not _is_young(claims.auth_time.timestamp(), now):
        raise NotFreshEnough("auth_time")
    if not _has_context(claims.contexts):
        raise NotFreshEnough("acrs")


def parameters() -> dict[str, str]:
    """What the authorization request says besides.

    https://learn.microsoft.com/entra/identity-platform/developer-guide-conditional-access-authentication-context
    """
    asked = {"prompt": "login", "max_age": str(int(max_age().total_seconds()))}
    if settings.STEP_UP_ACRS:
        context = {"essential": True, "value": settings.STEP_UP_ACRS}
        asked["claims"] = json.dumps({"id_token": {"acrs": context}}, separators=(",", ":"))
    return asked


def keep_form(
    session: SessionBase, posted: QueryDict, names: Iterable[str], *, path: str, page: str, now: datetime
) -> None:
    """Keeps the fields that were named, until the person is back. A form that is too long is not kept."""
    fields = [(name, value) for name in names for value in posted.getlist(name)]
    if sum(len(value) for _name, value in fields) > MOST_KEPT_CHARACTERS:
        fields = []
    session[KEPT_FORM] = {"path": path, "page": page, "fields": fields, "at": int(now.timestamp())}


def kept_form(session: SessionBase, now: datetime) -> KeptForm | None:
    """What is kept, if it is still young."""
    kept = session.get(KEPT_FORM)
    if kept is None or now.timestamp() - kept["at"] > KEPT_SECONDS:
        return None
    return KeptForm(kept["path"], kept["page"], [(name, value) for name, value in kept["fields"]])


def forget_form(session: SessionBase) -> None:
    """It was sent again, or is no longer wanted."""
    if KEPT_FORM in session:
        del session[KEPT_FORM]


def _is_young(seconds: float, now: datetime) -> bool:
    return -LEEWAY_SECONDS <= now.timestamp() - seconds < max_age().total_seconds()


def _has_context(contexts: Iterable[str]) -> bool:
    return not settings.STEP_UP_ACRS or settings.STEP_UP_ACRS in contexts
