"""The sign-in's three addresses at Entra ID, through msal: authorize, redeem the code, sign out.

Believes nothing that comes back: tokens.py verifies it.
"""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msal
import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from portal.errors import Unavailable
from portal.identity.errors import CodeRefused, MalformedToken, RefusedByEntra, SignInCanceled, WrongNonce
from portal.identity.http import reaching_entra
from portal.identity.msal_client import aadsts_number, msal_client
from portal.identity.tenant import entra_tenant

# Enough to ask Graph which groups the signed-in person is in:
# https://learn.microsoft.com/graph/api/directoryobject-checkmembergroups
SCOPES = ["User.Read"]
OUR_FAULT = frozenset({"invalid_client", "unauthorized_client"})
ENTRA_IS_BUSY = frozenset({"server_error", "temporarily_unavailable"})

logger = structlog.get_logger(__name__)


class ForgetfulCache:
    """Stands where msal would keep everybody's tokens in memory: they are used once, then gone."""

    def add(self, event: Mapping[str, Any]) -> None:
        """Keeps nothing."""

    remove_rt = update_rt = add


@dataclass(frozen=True)
class Tokens:
    """What Entra ID gave for the code. Not yet verified, and kept out of every repr."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)


@lru_cache(maxsize=8)
def _client(authority: str, client_id: str, client_secret: str, _ca_bundle: str) -> msal.ConfidentialClientApplication:
    return msal_client(
        authority,
        client_id,
        client_secret,
        token_cache=ForgetfulCache(),
        exclude_scopes=["offline_access"],  # no refresh token: the portal never acts for an absent person
    )


def entra_client() -> msal.ConfidentialClientApplication:
    """msal's client, built at the first sign-in since building it asks Entra ID for its addresses."""
    with reaching_entra():
        return _client(
            settings.ENTRA_AUTHORITY, settings.ENTRA_CLIENT_ID, settings.ENTRA_CLIENT_SECRET, settings.AZURE_CA_BUNDLE
        )


def begin_sign_in(
    *, redirect_uri: str, language: str, asked_besides: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """msal's flow: `auth_uri` is where to send the browser, `state` names the flow, the rest is ours to keep.

    `asked_besides` are further parameters of the address.
    """
    client = entra_client()
    with warnings.catch_warnings():
        # docs/decisions/0004-sign-in-response-mode.md says why the answer comes by query.
        warnings.filterwarnings("ignore", message="response_mode='form_post'", category=UserWarning)
        flow: dict[str, Any] = client.initiate_auth_code_flow(SCOPES, redirect_uri=redirect_uri, response_mode="query")
    flow["auth_uri"] += "&" + urlencode({"ui_locales": language, **(asked_besides or {})})
    return flow


def nonce_of(flow: Mapping[str, Any]) -> str:
    """The nonce as it was sent; msal keeps its preimage under `nonce`."""
    return parse_qs(urlsplit(str(flow["auth_uri"])).query)["nonce"][0]


def finish_sign_in(flow: Mapping[str, Any], answer: Mapping[str, str]) -> Tokens:
    """Redeems the code. Raises a `SignInRefused`, or `Unavailable` if Entra ID cannot be asked."""
    if "error" in answer:
        raise _refusal_at_authorize(answer)
    if not answer.get("code"):
        raise CodeRefused("no_code")
    client = entra_client()
    try:
        with reaching_entra():
            result: dict[str, Any] = client.acquire_token_by_auth_code_flow(dict(flow), dict(answer))
    except RuntimeError:  # msal's only one without max_age; its message quotes the nonces
        raise WrongNonce from None
    if "error" in result:
        raise _refusal_at_token(result)
    if not isinstance(result.get("id_token"), str):
        raise MalformedToken
    return Tokens(result["id_token"], str(result.get("access_token", "")))


def sign_out_address(*, return_to: str, login_hint: str) -> str:
    """Where the browser ends its session at Entra ID. Raises Unavailable if that is not known."""
    parameters = {"post_logout_redirect_uri": return_to} | ({"logout_hint": login_hint} if login_hint else {})
    return f"{entra_tenant().end_session_endpoint}?{urlencode(parameters)}"


def _refusal_at_authorize(answer: Mapping[str, str]) -> Exception:
    if answer["error"] == "access_denied":
        return SignInCanceled(_entra_code(answer))
    if answer["error"] in ENTRA_IS_BUSY:
        return _busy()
    return RefusedByEntra(_entra_code(answer))


def _refusal_at_token(result: Mapping[str, Any]) -> Exception:
    code = _entra_code(result)
    if result["error"] in OUR_FAULT:
        logger.error("entra_refused_the_portal", error=result["error"], code=code)
        return Unavailable(
            _("Microsoft Entra ID did not accept the portal's own credentials (%(code)s).") % {"code": code},
            _("Tell your administrator: ENTRA_CLIENT_ID or ENTRA_CLIENT_SECRET is wrong, or the secret has expired."),
        )
    if result["error"] in ENTRA_IS_BUSY:
        return _busy()
    return CodeRefused(code) if result["error"] == "invalid_grant" else RefusedByEntra(code)


def _busy() -> Unavailable:
    return Unavailable(_("Microsoft Entra ID is busy and asks to try later."), _("Wait a minute and sign in again."))


def _entra_code(answer: Mapping[str, Any]) -> str:
    """Microsoft's number of the error, else OAuth's word."""
    word = re.fullmatch(r"[a-z_]{1,40}", str(answer["error"]))
    return aadsts_number(answer) or (word.group() if word else "unknown_error")
