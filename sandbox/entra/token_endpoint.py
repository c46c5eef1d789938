"""The token endpoint: authorization_code with PKCE, refresh_token, client_credentials."""

import base64
import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import unquote_plus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.arm.access import arm_audiences
from sandbox.entra.directory import Grant
from sandbox.entra.errors import EntraError, check_tenant
from sandbox.entra.tampering import sign_tampered
from sandbox.entra.tokens import GRAPH_AUDIENCE, LIFETIME, app_access_claims, id_token_claims, person_access_claims
from sandbox.exchange import exchange_of, form_of, world_of
from sandbox.people import APPS, TENANT_ID, AppRegistration

Form = Mapping[str, str]
Answer = dict[str, Any]


async def token(request: Request) -> Response:
    check_tenant(request.path_params["tenant"], TENANT_ID)
    form = await form_of(request)
    client = _client(request, form)
    exchange_of(request).entry.authenticated_as = client.name
    match form.get("grant_type"):
        case "authorization_code":
            answer = _for_person(request, form, _redeem_code(request, form, client))
        case "refresh_token":
            answer = _for_person(request, form, _known_refresh_token(request, form, client))
        case "client_credentials":
            answer = _for_app(request, form, client)
        case other:
            raise EntraError("unsupported_grant_type", f"AADSTS70003: The app requested the grant type '{other}'.")
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


def _client(request: Request, form: Form) -> AppRegistration:
    client_id, secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
    app = APPS.get(client_id)
    if app is None:
        message = f"AADSTS700016: Application with identifier '{client_id}' was not found in the directory."
        raise EntraError("unauthorized_client", message)
    if not secret:
        message = "AADSTS7000218: The request body must contain the following parameter: 'client_secret'."
        raise EntraError("invalid_client", message, status=401)
    if not hmac.compare_digest(secret.encode(), app.secret.encode()):
        message = f"AADSTS7000215: Invalid client secret provided for app '{client_id}'."
        raise EntraError("invalid_client", message, status=401)
    return app


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(credentials).decode().partition(":")
    except ValueError as error:
        raise EntraError("invalid_client", "AADSTS7000222: The Authorization header is unreadable.") from error
    return unquote_plus(client_id), unquote_plus(secret)


def _redeem_code(request: Request, form: Form, client: AppRegistration) -> Grant:
    world = world_of(request)
    code = world.directory.codes.get(form.get("code", ""))
    if code is None or code.grant.client_id != client.client_id:
        raise EntraError("invalid_grant", "AADSTS70000: The provided authorization code is malformed or not known.")
    if code.is_redeemed:
        raise EntraError("invalid_grant", "AADSTS54005: OAuth2 Authorization code was already redeemed.")
    code.is_redeemed = True
    if code.expires_at <= world.clock.now():
        raise EntraError("invalid_grant", "AADSTS70008: The provided authorization code has expired.")
    if form.get("redirect_uri") != code.grant.redirect_uri:
        raise EntraError("invalid_grant", "AADSTS500112: The redirect_uri differs from that of the authorize request.")
    _check_pkce(code.grant.code_challenge, form.get("code_verifier", ""))
    return code.grant


def _check_pkce(challenge: str, verifier: str) -> None:
    """RFC 7636, method S256."""
    digest = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    if challenge and not hmac.compare_digest(digest, challenge):
        message = "AADSTS501481: The Code_Verifier does not match the code_challenge of the authorization request."
        raise EntraError("invalid_grant", message)


def _known_refresh_token(request: Request, form: Form, client: AppRegistration) -> Grant:
    grant = world_of(request).directory.refresh_tokens.get(form.get("refresh_token", ""))
    if grant is None or grant.client_id != client.client_id:
        raise EntraError("invalid_grant", "AADSTS70000: The provided refresh token is malformed or not known.")
    return grant


def _for_person(request: Request, form: Form, grant: Grant) -> Answer:
    world, key = world_of(request), request.app.state.signing_key
    person, now = world.directory.people[grant.person_oid], world.clock.real_now()
    if not person.may_sign_in:
        raise EntraError("invalid_grant", "AADSTS50057: The user account is disabled.")
    claims = id_token_claims(world.settings, grant, person, now)
    answer = {
        "token_type": "Bearer",
        "scope": grant.scope,
        "expires_in": int(LIFETIME.total_seconds()),
        "access_token": key.sign(person_access_claims(world.settings, grant, person, now)),
        "id_token": sign_tampered(world.directory.take_tamper(), claims, key),
        "client_info": _client_info(person.oid),
    }
    if "offline_access" in grant.scope.split():
        answer["refresh_token"] = form.get("refresh_token") or world.directory.issue_refresh_token(grant)
    return answer


def _client_info(oid: str) -> str:
    """msal builds its account id from this."""
    return base64.urlsafe_b64encode(f'{{"uid":"{oid}","utid":"{TENANT_ID}"}}'.encode()).rstrip(b"=").decode()


def _for_app(request: Request, form: Form, client: AppRegistration) -> Answer:
    world, key = world_of(request), request.app.state.signing_key
    resource, _, permission = form.get("scope", "").rpartition("/")
    if permission != ".default" or resource not in [*arm_audiences(world.settings), GRAPH_AUDIENCE]:
        message = f"AADSTS1002012: The scope '{form.get('scope')}' is not valid: it must be <resource>/.default."
        raise EntraError("invalid_scope", message)
    claims = app_access_claims(world.settings, client, resource, world.clock.real_now())
    return {"token_type": "Bearer", "expires_in": int(LIFETIME.total_seconds()), "access_token": key.sign(claims)}
