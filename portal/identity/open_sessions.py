"""The sessions that are open: whose, since when, from where; and how they are ended before their time.

A session is ended by deleting its row, so the browser's next request finds none. It goes by its reference, as in the
audit log: its key would open it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from portal.audit.actors import Actor, Target
from portal.audit.context import session_reference
from portal.audit.services import record
from portal.errors import NotFound
from portal.identity import audit_actions, sessions
from portal.identity.models import Session, User
from portal.identity.roles import require_administrator


@dataclass(frozen=True)
class OpenSession:
    """One browser in which somebody is signed in. `browser` and `address` may be unknown, then empty."""

    reference: str
    browser: str
    address: str
    signed_in_at: datetime
    last_seen_at: datetime
    is_this: bool


def open_sessions_of(user: User, *, this_key: str | None, now: datetime) -> list[OpenSession]:
    """The person's sessions within their limits, this one first, then the one that was used last."""
    rows = [(row.session_key, row.get_decoded()) for row in user.sessions.all()]
    found = [_open_session(key, data, this_key) for key, data in rows if not sessions.has_expired(data, now)]
    return sorted(found, key=lambda session: (session.is_this, session.last_seen_at), reverse=True)


def _open_session(key: str, data: Mapping[str, Any], this_key: str | None) -> OpenSession:
    return OpenSession(
        reference=session_reference(key),
        browser=data.get(sessions.BROWSER, ""),
        address=data.get(sessions.ADDRESS, ""),
        signed_in_at=datetime.fromtimestamp(data[sessions.SIGNED_IN_AT], UTC),
        last_seen_at=datetime.fromtimestamp(data[sessions.LAST_SEEN_AT], UTC),
        is_this=key == this_key,
    )


def people_signed_in(*, administrator: User) -> QuerySet[User]:
    """Everybody with a session that was not ended, with how many. Raises NotAllowed."""
    require_administrator(administrator)
    return (
        User.objects.filter(sessions__isnull=False)
        .annotate(session_count=Count("sessions"))
        .order_by("display_name", "pk")
    )


@transaction.atomic
def end_other_sessions(*, user: User, this_key: str | None, reference: str = "") -> int:
    """Ends the person's session of that reference, or without one all but this. Raises NotFound if it is not theirs."""
    others = [row for row in user.sessions.all() if row.session_key != this_key]
    chosen = [row for row in others if reference in ("", session_reference(row.session_key))]
    if reference and not chosen:
        raise NotFound(
            _("You have no other session of this kind; it may have ended already."),
            _("Look at the list of your sessions again."),
        )
    return _end(chosen, actor=Actor.person(user))


@transaction.atomic
def end_sessions_of(*, administrator: User, user_id: int) -> int:
    """Signs somebody out in every browser, on an administrator's word. Raises NotAllowed, NotFound."""
    require_administrator(administrator)
    rows = list(Session.objects.filter(user_id=user_id).select_related("user"))
    if not rows:
        raise NotFound(
            _("This person has no open session; it may have ended already."),
            _("Look at the list of sessions again."),
        )
    return _end(rows, actor=Actor.person(administrator))


@transaction.atomic
def end_sessions(*, people: Iterable[User]) -> int:
    """Signs these people out in every browser, at an operator's command. Returns how many sessions there were."""
    return _end(Session.objects.filter(user__in=people).select_related("user"), actor=Actor.system("end_sessions"))


@transaction.atomic
def end_sessions_without_account(*, person: User, reason: str, issued_before: datetime | None = None) -> int:
    """Signs somebody out whose account is gone or, with a time, of sign-ins before it. Returns how many ended.

    `reason` is what Entra ID said, as the audit log keeps it; the time is by its clock.
    """
    rows = [row for row in person.sessions.all() if _was_issued_before(row.get_decoded(), issued_before)]
    return _end(rows, actor=Actor.system("account_check"), reason=reason)


def _was_issued_before(data: Mapping[str, Any], limit: datetime | None) -> bool:
    """By the token's own time. What cannot be read opens nothing, and is left to its limits."""
    issued_at = data.get(sessions.ISSUED_AT)
    return limit is None or (issued_at is not None and issued_at < limit.timestamp())


@transaction.atomic
def end_expired_sessions(*, now: datetime) -> int:
    """Ends what nobody came back to after its time was over, so that each end is in the log."""
    rows = Session.objects.filter(user__isnull=False).select_related("user")
    return _end(
        [row for row in rows if sessions.has_expired(row.get_decoded(), now)],
        actor=Actor.system("clear_sessions"),
        action=audit_actions.EXPIRED,
    )


def _end(
    rows: Iterable[Session],
    *,
    actor: Actor,
    action: audit_actions.AuditAction = audit_actions.ENDED,
    reason: str = "",
) -> int:
    """Deletes these rows; one event for each person."""
    because = {"reason": reason} if reason else {}
    by_person: dict[User, list[str]] = {}
    for row in rows:
        reference = session_reference(row.session_key)
        if row.user is not None and row.delete()[0]:
            by_person.setdefault(row.user, []).append(reference)
    for person, references in by_person.items():
        record(
            action=action,
            actor=actor,
            target=Target.person(str(person.object_id), str(person)),
            detail={"sessions": len(references), "session_references": references, **because},
        )
    return sum(len(references) for references in by_person.values())
