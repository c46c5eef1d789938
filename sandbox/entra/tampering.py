"""ID tokens that a relying party must refuse, made on order. Knows the tricks, not the people."""

from collections.abc import Callable
from typing import Any

import jwt

from sandbox.entra.signing import SigningKey
from sandbox.people import FOREIGN_TENANT_ID, TENANT_ID

Claims = dict[str, Any]
_DAY = 86_400


def _foreign_tenant(claims: Claims) -> Claims:
    return {**claims, "tid": FOREIGN_TENANT_ID, "iss": claims["iss"].replace(TENANT_ID, FOREIGN_TENANT_ID)}


def _shifted(*names: str, by: int) -> Callable[[Claims], Claims]:
    return lambda claims: {**claims, **{name: claims[name] + by for name in names}}


_CHANGES: dict[str, Callable[[Claims], Claims]] = {
    "foreign_tenant": _foreign_tenant,
    "expired": _shifted("exp", "iat", "nbf", by=-_DAY),
    "not_yet_valid": _shifted("exp", "iat", "nbf", by=_DAY),
    "stale_auth_time": _shifted("auth_time", by=-_DAY),
    "wrong_nonce": lambda claims: {**claims, "nonce": "not-the-nonce-you-sent"},
    "wrong_audience": lambda claims: {**claims, "aud": "00000000-0000-4000-8000-000000000000"},
}
TAMPERS = ("signature", "none_alg", *_CHANGES)


def sign_tampered(tamper: str | None, claims: Claims, key: SigningKey) -> str:
    """The token as ordered; a proper one for None."""
    match tamper:
        case "none_alg":
            return jwt.encode(claims, "", algorithm="none")
        case "signature":  # properly made, with the right key id, by somebody else's key
            return SigningKey.generate().sign(claims)
        case str():
            return key.sign(_CHANGES[tamper](claims))
    return key.sign(claims)
