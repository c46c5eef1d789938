"""A browser's way through a sign-in: press the button, come back from Entra ID."""

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from tests.cast import TENANT_ID, Part
from tests.identity.entra_server import EntraServer


def claims_of(part: Part, entra: EntraServer, *, nonce: str, **changes: Any) -> dict[str, Any]:
    """What Entra ID would say of this person; a change to None leaves the claim out."""
    now = int(time.time())
    claims = {
        "iss": entra.issuer,
        "aud": settings.ENTRA_CLIENT_ID,
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
        "tid": str(TENANT_ID),
        "oid": str(part.object_id),
        "sub": "pairwise",
        "nonce": nonce,
        "name": part.display_name,
        "preferred_username": f"{part.display_name.split()[0].lower()}@example.com",
        "roles": list(part.app_roles),
        "groups": list(part.group_ids),
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


@dataclass
class Visitor:
    """A test client with the two steps of a sign-in."""

    client: Client

    def press_sign_in(self, next_path: str = "/", **headers: str) -> dict[str, str]:
        """The parameters with which the browser arrives at Entra ID."""
        response = self.client.post("/sign-in", {"next": next_path}, headers=headers)
        return parameters_of(address_left_for(response))

    def come_back(self, **parameters: str) -> HttpResponse:
        return self.client.get("/sign-in/callback", parameters)

    def sign_in(self, part: Part, entra: EntraServer, next_path: str = "/", **changes: Any) -> HttpResponse:
        """The whole way, with an ID token that says `changes` too."""
        sent = self.press_sign_in(next_path)
        entra.id_token = entra.sign(claims_of(part, entra, nonce=sent["nonce"], **changes))
        return self.come_back(state=sent["state"], code="a-code")


def address_left_for(response: HttpResponse) -> str:
    """Where the page sends the visitor."""
    seconds, _, address = response["Refresh"].partition(";url=")
    assert seconds == "0"
    return address


def parameters_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
