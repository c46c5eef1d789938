"""ID tokens that must not sign anybody in, each with the reason that the person and the audit log are given."""

import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from django.conf import settings
from jwt.utils import base64url_encode

from portal.audit.models import AuditEvent
from portal.identity.errors import WrongSignature
from portal.identity.models import User
from portal.identity.tenant import entra_tenant
from portal.identity.tokens import verify_id_token
from tests.cast import ALICE, FOREIGN_TENANT_ID
from tests.identity.entra_server import KEY_ID, EntraServer, new_key, public_jwk
from tests.identity.journey import Visitor, claims_of

Claims = dict[str, Any]
Forgery = Callable[[EntraServer, Claims], str]
DAY = 24 * 3600


def unsigned(entra: EntraServer, claims: Claims) -> str:
    return jwt.encode(claims, None, algorithm="none", headers={"kid": KEY_ID})


def signed_with_the_public_key_as_secret(entra: EntraServer, claims: Claims) -> str:
    """The classic confusion of RS256 and HS256; by hand, since PyJWT refuses to make such a token."""
    pem = entra.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    header = base64url_encode(b'{"alg":"HS256","typ":"JWT","kid":"' + KEY_ID.encode() + b'"}')
    body = base64url_encode(json.dumps(claims).encode())
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(header + b"." + body, pem)
    return b".".join([header, body, base64url_encode(signature)]).decode()


def signed_with_another_key(entra: EntraServer, claims: Claims) -> str:
    return jwt.encode(claims, new_key(), algorithm="RS256", headers={"kid": KEY_ID})


def signed_with_a_key_of_nobody(entra: EntraServer, claims: Claims) -> str:
    return jwt.encode(claims, new_key(), algorithm="RS256", headers={"kid": "key-of-nobody"})


def without_a_key_id(entra: EntraServer, claims: Claims) -> str:
    return jwt.encode(claims, entra.key, algorithm="RS256")


def signed_with_rs512(entra: EntraServer, claims: Claims) -> str:
    return jwt.encode(claims, entra.key, algorithm="RS512", headers={"kid": KEY_ID})


def changed_after_signing(entra: EntraServer, claims: Claims) -> str:
    header, _body, signature = entra.sign(claims).split(".")
    other = entra.sign({**claims, "oid": "dd000000-0000-4000-8000-00000000000d"}).split(".")[1]
    return f"{header}.{other}.{signature}"


def saying(**changes: Any) -> Forgery:
    def forge(entra: EntraServer, claims: Claims) -> str:
        changed = {**claims, **changes}
        return entra.sign({name: value for name, value in changed.items() if value is not None})

    return forge


def saying_the_time(name: str, seconds_from_now: int) -> Forgery:
    return lambda entra, claims: entra.sign({**claims, name: int(time.time()) + seconds_from_now})


def shifted_by(seconds: int) -> Forgery:
    def forge(entra: EntraServer, claims: Claims) -> str:
        return entra.sign({**claims, **{name: claims[name] + seconds for name in ("iat", "nbf", "exp")}})

    return forge


def of_a_foreign_tenant(entra: EntraServer, claims: Claims) -> str:
    issuer = f"{entra.url}/{FOREIGN_TENANT_ID}/v2.0"
    return entra.sign({**claims, "tid": str(FOREIGN_TENANT_ID), "iss": issuer})


FORGERIES: list[tuple[str, Forgery]] = [
    ("wrong_algorithm", unsigned),
    ("wrong_algorithm", signed_with_the_public_key_as_secret),
    ("wrong_algorithm", signed_with_rs512),
    ("wrong_signature", signed_with_another_key),
    ("wrong_signature", changed_after_signing),
    ("unknown_key", signed_with_a_key_of_nobody),
    ("unknown_key", without_a_key_id),
    ("foreign_tenant", of_a_foreign_tenant),
    ("foreign_tenant", saying(tid=str(FOREIGN_TENANT_ID))),
    ("wrong_issuer", saying(iss="https://localhost/elsewhere/v2.0")),
    ("wrong_audience", saying(aud="c0000000-0000-4000-8000-00000000ffff")),
    ("wrong_audience", saying(aud=["c0000000-0000-4000-8000-000000000001"])),
    ("expired_token", shifted_by(-DAY)),
    ("expired_token", saying_the_time("exp", -90)),
    ("token_not_yet_valid", saying_the_time("nbf", 90)),
    ("token_not_yet_valid", saying_the_time("iat", 90)),
    ("token_not_yet_valid", shifted_by(DAY)),
    ("token_not_yet_valid", saying(iat=int(time.time()) + DAY)),
    ("token_not_yet_valid", saying(iat="yesterday")),
    ("malformed_token", saying(exp="tomorrow")),
    ("wrong_nonce", saying(nonce="of-another-sign-in")),
    ("wrong_nonce", saying(nonce=None)),
    ("missing_claim", saying(oid=None)),
    ("missing_claim", saying(oid="alice@example.com")),
    ("missing_claim", saying(tid="common")),
    ("missing_claim", saying(exp=None)),
    ("missing_claim", saying(nbf=None)),
]


@pytest.mark.parametrize(("reason", "forge"), FORGERIES)
@pytest.mark.asvs(
    "V16.3.1",
    "V6.8.2",
    "V8.4.1",
    "V9.1.1",
    "V9.1.2",
    "V9.1.3",
    "V11.2.3",
    "V9.2.1",
    "V9.2.2",
    "V9.2.3",
    "V10.5.1",
    "V10.5.3",
    "V10.5.4",
)
def test_it_refuses_a_forged_token(visitor: Visitor, entra: EntraServer, reason: str, forge: Forgery) -> None:
    sent = visitor.press_sign_in()
    entra.id_token = forge(entra, claims_of(ALICE, entra, nonce=sent["nonce"]))
    response = visitor.come_back(state=sent["state"], code="a-code")
    page = response.content.decode()
    assert response.status_code == 403
    assert reason in page
    assert entra.id_token not in page
    assert visitor.client.get("/").status_code == 302
    assert not User.objects.exists()
    event = AuditEvent.objects.get()
    assert (event.action, event.outcome) == ("session.refused", "refused")
    assert reason.encode() in bytes(event.body)
    assert entra.id_token.encode() not in bytes(event.body)


@pytest.mark.parametrize("rubbish", ["", "a.b", "é.é.é", "....", "bnVsbA.bnVsbA.bnVsbA"])
@pytest.mark.asvs("V9.1.1")
def test_it_refuses_what_is_no_token(entra: EntraServer, rubbish: str) -> None:
    with pytest.raises(Exception, match="no readable ID token") as caught:
        verify_id_token(rubbish, tenant=entra_tenant(), audience=settings.ENTRA_CLIENT_ID, nonce="n")
    assert caught.value.reason == "malformed_token"


@pytest.mark.asvs("V9.1.1")
@pytest.mark.parametrize("forge", [signed_with_another_key, changed_after_signing])
@pytest.mark.parametrize("name", ["aud", "exp", "iss", "nonce", "oid", "tid"])
def test_it_reads_no_claim_before_the_signature_holds(entra: EntraServer, forge: Forgery, name: str) -> None:
    claims = claims_of(ALICE, entra, nonce="one")
    for claim in (1 if name == "exp" else "of-another-sign-in", None):
        forged = forge(entra, {key: value for key, value in {**claims, name: claim}.items() if value is not None})
        with pytest.raises(WrongSignature):
            verify_id_token(forged, tenant=entra_tenant(), audience=settings.ENTRA_CLIENT_ID, nonce="one")


@pytest.mark.asvs("V10.5.1")
def test_it_refuses_a_nonce_that_msal_did_not_check(entra: EntraServer) -> None:
    token = entra.sign(claims_of(ALICE, entra, nonce="one"))
    with pytest.raises(Exception, match="another sign-in"):
        verify_id_token(token, tenant=entra_tenant(), audience=settings.ENTRA_CLIENT_ID, nonce="two")


@pytest.mark.asvs("V9.2.1")
def test_a_clock_may_differ_by_less_than_a_minute(visitor: Visitor, entra: EntraServer) -> None:
    assert visitor.sign_in(ALICE, entra, nbf=int(time.time()) + 40, iat=int(time.time()) + 40).status_code == 302


def test_a_foreign_account_is_told_which_one_to_use(visitor: Visitor, entra: EntraServer) -> None:
    response = visitor.sign_in(ALICE, entra, tid=str(FOREIGN_TENANT_ID))
    page = response.content.decode()
    assert page.count("<h1>") == 1
    assert "Your account is from another organization" in page
    assert "sign in with your account of this organization" in page
    assert str(FOREIGN_TENANT_ID) in page


@pytest.mark.asvs("V9.1.3")
def test_a_key_for_encryption_signs_nothing(visitor: Visitor, entra: EntraServer) -> None:
    entra.keys = [{**public_jwk(entra.key, KEY_ID), "use": "enc"}]
    assert "unknown_key" in visitor.sign_in(ALICE, entra).content.decode()
