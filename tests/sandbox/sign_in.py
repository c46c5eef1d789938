"""A browser's part in signing in, by hand: authorize, pick an account, redeem the code."""

import base64
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import requests

from tests.sandbox.client import APPS, TENANT, Client
from tests.sandbox_process import SandboxProcess

REDIRECT_URI = "http://localhost:8000/sign-in/callback"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-0123"
CHALLENGE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PEOPLE = {
    name: f"{letter * 2}000000-0000-4000-8000-00000000000{letter}"
    for name, letter in zip(("Alice", "Bob", "Carol", "Dan", "Eve"), "abcde", strict=True)
}


@dataclass
class Browser:
    """Keeps Entra's cookie and follows no redirect."""

    sandbox: SandboxProcess
    client: Client

    def authorize(self, **changes: str | None) -> requests.Response:
        url, query = self._request(changes)
        return self.client.session.get(url, params=query, allow_redirects=False, timeout=10)

    def pick(self, name: str, **changes: str | None) -> requests.Response:
        """Answer the account picker; no name is "cancel"."""
        url, query = self._request(changes)
        form = {"person": PEOPLE.get(name, "")}
        return self.client.session.post(url, params=query, data=form, allow_redirects=False, timeout=10)

    def _request(self, changes: dict[str, str | None]) -> tuple[str, dict[str, str]]:
        query = {
            "client_id": APPS["portal"][0],
            "response_type": "code",
            "redirect_uri": REDIRECT_URI,
            "scope": "openid profile email offline_access User.Read",
            "state": "state-1",
            "nonce": "nonce-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        tenant = query.pop("tenant", TENANT)
        present = {name: value for name, value in query.items() if value is not None}
        return f"{self.sandbox.http_url}/{tenant}/oauth2/v2.0/authorize", present

    def code_for(self, name: str, **changes: str | None) -> str:
        return sent_back(self.pick(name, **changes))["code"]

    def redeem(self, code: str, **changes: str) -> requests.Response:
        form = {"code": code, "redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER, **changes}
        return self.client.ask_for_token(grant_type="authorization_code", **form)

    def tokens_for(self, name: str, **changes: str | None) -> dict[str, Any]:
        tokens: dict[str, Any] = self.redeem(self.code_for(name, **changes)).json()
        return tokens

    def claims_of(self, name: str, **changes: str | None) -> dict[str, Any]:
        """The ID token's claims, verified as a relying party must."""
        return self.verify(self.tokens_for(name, **changes)["id_token"])

    def verify(self, id_token: str) -> dict[str, Any]:
        keys = self.client.session.get(f"{self.sandbox.https_url}/{TENANT}/discovery/v2.0/keys", timeout=10).json()
        (key,) = jwt.PyJWKSet.from_dict(keys).keys
        assert jwt.get_unverified_header(id_token)["kid"] == key.key_id
        issuer = f"{self.sandbox.https_url}/{TENANT}/v2.0"
        claims: dict[str, Any] = jwt.decode(
            id_token, key, algorithms=["RS256"], audience=APPS["portal"][0], issuer=issuer
        )
        return claims


def sent_back(response: requests.Response) -> dict[str, str]:
    """What the redirect carries to the relying party."""
    assert response.status_code == 302
    location = response.headers["Location"]
    assert location.startswith(REDIRECT_URI)
    return dict(parse_qsl(urlsplit(location).query))
