"""How the portal speaks to Entra ID through msal: as a confidential client, over our own bounded HTTP session."""

import re
from collections.abc import Mapping
from typing import Any

import msal

from portal.identity.http import entra_session


def msal_client(authority: str, client_id: str, client_secret: str, **more: Any) -> msal.ConfidentialClientApplication:
    """Asks Entra ID for its addresses at once; `more` is msal's own."""
    return msal.ConfidentialClientApplication(
        client_id,
        client_credential=client_secret,
        authority=authority,
        instance_discovery=False,  # the authority comes from our settings: nobody else need confirm that it is one
        http_client=entra_session(),
        **more,
    )


def aadsts_number(answer: Mapping[str, Any]) -> str:
    """Microsoft's number of an error, or nothing: the rest of the description may say more than we should."""
    found = re.search(r"AADSTS\d{1,9}", str(answer.get("error_description", "")))
    return found.group() if found else ""
