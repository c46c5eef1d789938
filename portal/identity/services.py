"""Signing in, out, expiry and refusal, each with its audit event. Who ends other sessions does so in open_sessions.py.

Language and time zone are preferences, which touch nobody else: they write none.
"""

from django.contrib.auth import authenticate, login, logout
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.http import HttpRequest

from portal.audit.actors import Actor
from portal.audit.models import Outcome
from portal.audit.services import record
from portal.identity import audit_actions, sessions
from portal.identity.claims import Claims
from portal.identity.errors import SignInRefused
from portal.identity.groups import Memberships
from portal.identity.models import MOST_EMAIL_CHARACTERS, MOST_NAME_CHARACTERS, User


def remember_person(*, claims: Claims, memberships: Memberships) -> User:
    """Creates or refreshes the person of (tid, oid) with what Entra ID says at this sign-in."""
    user, _created = User.objects.update_or_create(
        tenant_id=claims.tenant_id,
        object_id=claims.object_id,
        defaults={
            "display_name": claims.name[:MOST_NAME_CHARACTERS],
            "email": claims.email if len(claims.email) <= MOST_EMAIL_CHARACTERS else "",
            "app_roles": list(claims.app_roles),
            "group_ids": [str(group_id) for group_id in memberships.group_ids],
            "groups_are_complete": memberships.complete,
        },
    )
    return user


@transaction.atomic
def sign_in(*, request: HttpRequest, claims: Claims, memberships: Memberships) -> User:
    """Signs a verified person in, under a new session key."""
    user = authenticate(request, claims=claims, memberships=memberships)
    if not isinstance(user, User):
        raise ImproperlyConfigured("AUTHENTICATION_BACKENDS must hold portal.identity.backends.EntraBackend.")
    login(request, user)
    request.session.cycle_key()  # login() keeps the key of a person who signs in anew
    request.session[sessions.AUTHENTICATED_AT] = int(claims.auth_time.timestamp()) if claims.auth_time else None
    request.session[sessions.ISSUED_AT] = int(claims.issued_at.timestamp())
    request.session[sessions.CONTEXTS] = list(claims.contexts)
    request.session[sessions.LOGIN_HINT] = claims.login_hint
    record(
        action=audit_actions.SIGNED_IN,
        actor=Actor.person(user),
        detail={
            "app_roles": user.app_roles,
            "group_ids": user.group_ids,
            "groups_are_complete": user.groups_are_complete,
            "authenticated_at": claims.auth_time,
        },
    )
    return user


@transaction.atomic
def sign_out(*, request: HttpRequest) -> str:
    """Ends the session on the server. Gives the hint that spares the person Entra ID's account picker, if known."""
    login_hint = request.session.get(sessions.LOGIN_HINT, "")
    if isinstance(request.user, User):
        record(action=audit_actions.SIGNED_OUT, actor=Actor.person(request.user))
    logout(request)
    return str(login_hint)


@transaction.atomic
def expire_session(*, request: HttpRequest, user: User) -> None:
    """Ends a person's session whose time is over."""
    record(action=audit_actions.EXPIRED, actor=Actor.person(user))
    logout(request)


@transaction.atomic
def record_refusal(refusal: SignInRefused) -> None:
    """Keeps a refused sign-in in the audit log. Who it was is unknown: the answer was not to be believed."""
    record(
        action=audit_actions.REFUSED,
        actor=Actor.unknown(),
        outcome=Outcome.REFUSED,
        detail={"reason": refusal.reason, "evidence": refusal.evidence},
    )


def choose_language(*, user: User, language: str) -> None:
    """Keeps the person's language; "" leaves it to the browser."""
    user.language = language
    user.save(update_fields=["language"])


def choose_time_zone(*, user: User, time_zone: str) -> None:
    """Keeps the person's time zone; "" leaves it to the browser."""
    user.time_zone = time_zone
    user.save(update_fields=["time_zone"])
