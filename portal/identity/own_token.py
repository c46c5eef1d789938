"""The token with which the portal itself asks Graph, for nobody: by permissions that an administrator consented to.

A registration of its own (ACCOUNT_CHECK_CLIENT_ID) keeps these permissions from the process that people reach.
"""

import re
from functools import lru_cache
from typing import Any

import msal
from django.conf import settings

from portal.errors import Unavailable
from portal.identity.http import entra_session, reaching_entra


@lru_cache(maxsize=8)
def _client(authority: str, client_id: str, client_secret: str, ca_bundle: str) -> msal.ConfidentialClientApplication:
    """Keeps the token while it is valid, and never meets a person's."""
    return msal.ConfidentialClientApplication(
        client_id,
        client_credential=client_secret,
        authority=authority,
        instance_discovery=False,  # the authority comes from our settings: nobody else need confirm that it is one
        http_client=entra_session(),
    )


def own_token() -> str:
    """Raises Unavailable where Entra ID does not answer, or refuses; the message then has its number for the error."""
    with reaching_entra():
        result = _client(*_registration()).acquire_token_for_client([f"{settings.GRAPH_URL}/.default"])
        if "error" not in result:
            return str(result["access_token"])
    raise Unavailable(f"Entra ID gave the portal no token for Graph ({_number_of(result)}).")


def forget_own_token() -> None:
    """The next one is asked for anew."""
    _client.cache_clear()


def _registration() -> tuple[str, str, str, str]:
    own = settings.ACCOUNT_CHECK_CLIENT_ID, settings.ACCOUNT_CHECK_CLIENT_SECRET
    client_id, client_secret = own if all(own) else (settings.ENTRA_CLIENT_ID, settings.ENTRA_CLIENT_SECRET)
    return settings.ENTRA_AUTHORITY, client_id, client_secret, settings.AZURE_CA_BUNDLE


def _number_of(result: dict[str, Any]) -> str:
    found = re.search(r"AADSTS\d{1,9}", str(result.get("error_description", "")))
    return found.group() if found else "without a number"
