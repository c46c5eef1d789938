"""The token with which the portal itself asks Graph, for nobody: by permissions that an administrator consented to.

A registration of its own (ACCOUNT_CHECK_CLIENT_ID) keeps these permissions from the process that people reach.
"""

from functools import lru_cache

import msal
from django.conf import settings

from portal.errors import Unavailable
from portal.identity.http import reaching_entra
from portal.identity.msal_client import aadsts_number, msal_client


@lru_cache(maxsize=8)
def _client(authority: str, client_id: str, client_secret: str, _ca_bundle: str) -> msal.ConfidentialClientApplication:
    """Keeps the token while it is valid, and never meets a person's."""
    return msal_client(authority, client_id, client_secret)


def own_token() -> str:
    """Raises Unavailable where Entra ID does not answer, or refuses; the message then has its number for the error."""
    with reaching_entra():
        result = _client(*_registration()).acquire_token_for_client([f"{settings.GRAPH_URL}/.default"])
        if "error" not in result:
            return str(result["access_token"])
    raise Unavailable(f"Entra ID gave the portal no token for Graph ({aadsts_number(result) or 'without a number'}).")


def forget_own_token() -> None:
    """The next one is asked for anew."""
    _client.cache_clear()


def _registration() -> tuple[str, str, str, str]:
    own = settings.ACCOUNT_CHECK_CLIENT_ID, settings.ACCOUNT_CHECK_CLIENT_SECRET
    client_id, client_secret = own if all(own) else (settings.ENTRA_CLIENT_ID, settings.ENTRA_CLIENT_SECRET)
    return settings.ENTRA_AUTHORITY, client_id, client_secret, settings.AZURE_CA_BUNDLE
