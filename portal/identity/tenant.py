"""The tenant's public documents: addresses and signing keys, fetched when first needed and kept for a while."""

import threading
import time
import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jwt
import requests
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from portal.identity.http import entra_session, reaching_entra

# Microsoft asks to look for new keys daily and when an unknown key appears:
# https://learn.microsoft.com/entra/identity-platform/signing-key-rollover
DOCUMENT_LIFETIME_SECONDS = 24 * 3600
UNKNOWN_KEY_PAUSE_SECONDS = 60


class EntraTenant:
    """Discovery document and signing keys (JWKS) of one authority. Safe to share between threads."""

    def __init__(self, authority: str, http: requests.Session, clock: Callable[[], float] = time.monotonic) -> None:
        self.authority = authority
        self.tenant_id = _tenant_id(authority)
        self._http = http
        self._clock = clock
        self._lock = threading.Lock()
        self._document: dict[str, Any] = {}
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")

    @property
    def issuer(self) -> str:
        """What `iss` of this tenant's tokens must be."""
        return self._address("issuer")

    @property
    def end_session_endpoint(self) -> str:
        """Where a browser signs out of Entra ID."""
        return self._address("end_session_endpoint")

    def signing_key(self, key_id: str) -> jwt.PyJWK | None:
        """The public key, or None. An unknown id makes it look for new keys, at most once a minute."""
        with self._lock:
            age = self._refresh_when_older_than(DOCUMENT_LIFETIME_SECONDS)
            if key_id not in self._keys and age >= UNKNOWN_KEY_PAUSE_SECONDS:
                self._refresh()
            return self._keys.get(key_id)

    def _address(self, name: str) -> str:
        with self._lock, reaching_entra():
            self._refresh_when_older_than(DOCUMENT_LIFETIME_SECONDS)
            return str(self._document[name])

    def _refresh_when_older_than(self, seconds: float) -> float:
        age = self._clock() - self._fetched_at
        if age < seconds:
            return age
        self._refresh()
        return 0

    def _refresh(self) -> None:
        with reaching_entra():
            document = self._get(f"{self.authority}/v2.0/.well-known/openid-configuration")
            keys = self._get(document["jwks_uri"])["keys"]
            self._keys = {key["kid"]: jwt.PyJWK(key, algorithm="RS256") for key in keys if _can_sign(key)}
            self._document = document
            self._fetched_at = self._clock()

    def _get(self, url: str) -> dict[str, Any]:
        if not url.startswith("https://"):
            raise ValueError(f"{self.authority} names {url}, which is not https")
        response = self._http.get(url)
        response.raise_for_status()
        content = response.json()
        return content if isinstance(content, dict) else {}


def _can_sign(key: dict[str, Any]) -> bool:
    return key.get("kty") == "RSA" and key.get("use", "sig") == "sig" and "kid" in key


def _tenant_id(authority: str) -> uuid.UUID:
    try:
        return uuid.UUID(authority.rsplit("/", 1)[-1])
    except ValueError as err:
        raise ImproperlyConfigured(
            f"ENTRA_AUTHORITY is {authority!r}: it must end in your tenant's id, a GUID, for people of one tenant only."
        ) from err


@lru_cache(maxsize=8)
def _tenant(authority: str, ca_bundle: str) -> EntraTenant:
    return EntraTenant(authority, entra_session())


def entra_tenant() -> EntraTenant:
    """The tenant that the settings name."""
    return _tenant(settings.ENTRA_AUTHORITY, settings.AZURE_CA_BUNDLE)
