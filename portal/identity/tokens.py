"""Verifies an ID token: who signed it, for whom, when, and that it answers the sign-in that this browser began.

msal leaves this to the application: https://github.com/AzureAD/microsoft-authentication-library-for-python/issues/911
"""

from collections.abc import Mapping
from typing import Any

import jwt

from portal.identity.claims import Claims, read_claims, required_guid
from portal.identity.errors import (
    ExpiredToken,
    MalformedToken,
    MissingClaim,
    TokenNotYetValid,
    UnknownKey,
    WrongAlgorithm,
    WrongAudience,
    WrongIssuer,
    WrongNonce,
    WrongSignature,
    WrongTenant,
)
from portal.identity.tenant import EntraTenant

ALGORITHM = "RS256"
LEEWAY_SECONDS = 60  # how far the two clocks may differ
REQUIRED = ["aud", "exp", "iat", "iss", "nbf", "nonce", "oid", "tid"]


def verify_id_token(id_token: str, *, tenant: EntraTenant, audience: str, nonce: str) -> Claims:
    """The claims of a genuine token; raises the `TokenRefused` that says what is wrong with any other.

    `audience` is the portal's client id, `nonce` the value that stood in the authorization request.
    """
    payload = _decode(id_token, tenant=tenant, audience=audience)
    tenant_id = required_guid(payload, "tid")
    if tenant_id != tenant.tenant_id:
        raise WrongTenant(str(tenant_id))
    if payload["iss"] != tenant.issuer:
        raise WrongIssuer
    if payload["nonce"] != nonce:
        raise WrongNonce
    return read_claims(payload)


def _signing_key(id_token: str, tenant: EntraTenant) -> jwt.PyJWK:
    try:
        header = jwt.get_unverified_header(id_token)
    except jwt.InvalidTokenError:
        raise MalformedToken from None
    if header.get("alg") != ALGORITHM:
        raise WrongAlgorithm
    key = tenant.signing_key(str(header.get("kid")))
    if key is None:
        raise UnknownKey
    return key


def _decode(id_token: str, *, tenant: EntraTenant, audience: str) -> Mapping[str, Any]:
    """Signature, times and audience. `from None`: PyJWT's messages may quote the token."""
    key = _signing_key(id_token, tenant)
    try:
        return jwt.decode(
            id_token,
            key,
            algorithms=[ALGORITHM],
            audience=audience,
            leeway=LEEWAY_SECONDS,
            options={"require": REQUIRED, "strict_aud": True},
        )
    except jwt.InvalidSignatureError:
        raise WrongSignature from None
    except jwt.ExpiredSignatureError:
        raise ExpiredToken from None
    except (jwt.ImmatureSignatureError, jwt.InvalidIssuedAtError):
        raise TokenNotYetValid from None
    except jwt.InvalidAudienceError:
        raise WrongAudience from None
    except jwt.MissingRequiredClaimError as err:
        raise MissingClaim(err.claim) from None
    except jwt.InvalidTokenError:
        raise MalformedToken from None
