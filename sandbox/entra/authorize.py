"""The authorize endpoint: who signs in, shown as an account picker, and what the browser is sent back with.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sandbox.entra.directory import Grant, Session
from sandbox.entra.pages import account_picker, language_of, refusal
from sandbox.exchange import form_of, world_of
from sandbox.people import APPS, TENANT_ID, Person
from sandbox.world import World

COOKIE = "sandbox_entra_session"


@dataclass(frozen=True)
class Trouble:
    """What is wrong with an authorize request. Only a trustworthy redirect_uri gets to hear of it."""

    error: str
    description: str


async def authorize(request: Request) -> Response:
    if trouble := _untrustworthy(request):
        return refusal(language_of(request), trouble.description)
    asked = request.query_params
    if trouble := _senseless(asked):
        return _back(asked, error=trouble.error, error_description=trouble.description)
    world = world_of(request)
    session = world.directory.session(request.cookies.get(COOKIE))
    person = _silently(world, session, asked)
    if person is not None and session is not None:
        return _signed_in(world, session, person, asked)
    if asked.get("prompt") == "none":
        return _back(asked, error="login_required", error_description="AADSTS50058: No user is signed in.")
    hinted = world.directory.person_named(asked.get("login_hint", ""))
    return account_picker(language_of(request), world.directory.existing(), session, hinted)


async def choose(request: Request) -> Response:
    """The account picker was answered: with a person, or with "cancel"."""
    if trouble := _untrustworthy(request):
        return refusal(language_of(request), trouble.description)
    world, asked, form = world_of(request), request.query_params, await form_of(request)
    person = world.directory.people.get(form.get("person", ""))
    if person is None:
        return _back(asked, error="access_denied", error_description="AADSTS65004: The user canceled the sign-in.")
    if not person.may_sign_in:
        return refusal(language_of(request), "AADSTS50057: The user account is disabled.")
    session_id = request.cookies.get(COOKIE)
    session = world.directory.session(session_id)
    if session is None or asked.get("prompt") == "login" or not _is_fresh(world, session, person, asked):
        session = world.directory.sign_in(session_id, person, world.clock.real_now())
    return _signed_in(world, session, person, asked)


def _untrustworthy(request: Request) -> Trouble | None:
    asked = request.query_params
    if request.path_params["tenant"].lower() != TENANT_ID:
        return Trouble("invalid_tenant", f"AADSTS90002: Tenant '{request.path_params['tenant']}' not found.")
    if asked.get("client_id") not in APPS:
        return Trouble("unauthorized_client", f"AADSTS700016: Application '{asked.get('client_id')}' was not found.")
    if not is_loopback(asked.get("redirect_uri", "")):
        return Trouble("invalid_request", "AADSTS50011: The sandbox redirects to loopback addresses only.")
    return None


def is_loopback(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return False
    try:
        return parts.hostname == "localhost" or ip_address(parts.hostname).is_loopback
    except ValueError:
        return False


def _senseless(asked: QueryParams) -> Trouble | None:
    if asked.get("response_type") != "code":
        return Trouble("unsupported_response_type", "AADSTS70005: The sandbox knows response_type=code only.")
    if asked.get("response_mode", "query") != "query":
        return Trouble("invalid_request", "AADSTS70007: The sandbox knows response_mode=query only.")
    if "openid" not in asked.get("scope", "").split():
        return Trouble("invalid_scope", "AADSTS70011: The scope must contain openid.")
    if "code_challenge" in asked and asked.get("code_challenge_method") != "S256":
        return Trouble("invalid_request", "AADSTS501491: code_challenge_method must be S256.")
    return None


def _silently(world: World, session: Session | None, asked: QueryParams) -> Person | None:
    """The person who need not be asked again: signed in here already, recently enough, without ambiguity."""
    if session is None or asked.get("prompt") in ("login", "select_account", "consent"):
        return None
    hinted = world.directory.person_named(asked.get("login_hint", ""))
    candidates = [hinted.oid] if hinted else list(session.signed_in_at)
    if len(candidates) != 1 or candidates[0] not in session.signed_in_at:
        return None
    person = world.directory.people[candidates[0]]
    return person if person.may_sign_in and _is_fresh(world, session, person, asked) else None


def _is_fresh(world: World, session: Session, person: Person, asked: QueryParams) -> bool:
    signed_in_at = session.signed_in_at.get(person.oid)
    if signed_in_at is None or _is_revoked(person, signed_in_at):
        return False
    max_age = asked.get("max_age", "")
    return not max_age.isdigit() or world.clock.real_now() - signed_in_at <= timedelta(seconds=int(max_age))


def _is_revoked(person: Person, signed_in_at: datetime) -> bool:
    valid_from = person.sessions_valid_from
    return valid_from is not None and signed_in_at < datetime.fromisoformat(valid_from)


def _signed_in(world: World, session: Session, person: Person, asked: QueryParams) -> Response:
    grant = Grant(
        client_id=asked["client_id"],
        person_oid=person.oid,
        session_id=session.id,
        auth_time=session.signed_in_at[person.oid],
        scope=asked.get("scope", ""),
        redirect_uri=asked["redirect_uri"],
        nonce=asked.get("nonce", ""),
        code_challenge=asked.get("code_challenge", ""),
        context=_context(asked),
    )
    response = _back(asked, code=world.directory.issue_code(grant, world.clock.now()), session_state=session.id)
    response.set_cookie(COOKIE, session.id, httponly=True, samesite="lax")
    return response


def _context(asked: QueryParams) -> str:
    """The authentication context that the claims parameter asks for; everybody here satisfies every policy."""
    try:
        value = json.loads(asked.get("claims", "{}"))["id_token"]["acrs"]["value"]
    except (ValueError, LookupError, TypeError):
        return ""
    return value if isinstance(value, str) else ""


def _back(asked: QueryParams, **answer: str) -> RedirectResponse:
    if "state" in asked:
        answer["state"] = asked["state"]
    uri = asked["redirect_uri"]
    return RedirectResponse(f"{uri}{'&' if urlsplit(uri).query else '?'}{urlencode(answer)}", status_code=302)
