"""The tenant's documents: fetched when needed, kept for a day, looked up again for a new key, never in a hurry."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from portal.errors import Unavailable
from portal.identity.http import entra_session
from portal.identity.tenant import EntraTenant, entra_tenant
from tests.cast import TENANT_ID
from tests.identity.entra_server import KEY_ID, EntraServer, new_key, public_jwk


class Clock:
    """Moved by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tenant(entra: EntraServer, clock: Clock) -> EntraTenant:
    return EntraTenant(entra.authority, entra_session(), clock)


def test_it_asks_nothing_before_it_must(tenant: EntraTenant, entra: EntraServer) -> None:
    assert tenant.tenant_id == TENANT_ID
    assert entra.requests == []


def test_it_asks_once_for_many_questions(tenant: EntraTenant, entra: EntraServer) -> None:
    assert tenant.issuer == entra.issuer
    assert tenant.end_session_endpoint == f"{entra.authority}/oauth2/v2.0/logout"
    assert tenant.signing_key(KEY_ID) is not None
    assert tenant.signing_key(KEY_ID) is not None
    assert len(entra.requests) == 2


def test_it_finds_a_key_that_is_new(tenant: EntraTenant, entra: EntraServer, clock: Clock) -> None:
    assert tenant.signing_key("key-2") is None
    entra.keys.append(public_jwk(new_key(), "key-2"))
    clock.now += 60
    assert tenant.signing_key("key-2") is not None


def test_unknown_keys_make_it_ask_once_a_minute_at_most(tenant: EntraTenant, entra: EntraServer, clock: Clock) -> None:
    for number in range(50):
        assert tenant.signing_key(f"forged-{number}") is None
    assert len(entra.asked("/keys")) == 1
    clock.now += 59
    tenant.signing_key("forged")
    assert len(entra.asked("/keys")) == 1
    clock.now += 1
    tenant.signing_key("forged")
    tenant.signing_key("forged")
    assert len(entra.asked("/keys")) == 2


def test_a_withdrawn_key_is_forgotten_within_a_day(tenant: EntraTenant, entra: EntraServer, clock: Clock) -> None:
    assert tenant.signing_key(KEY_ID) is not None
    entra.keys = []
    clock.now += 24 * 3600
    assert tenant.signing_key(KEY_ID) is None


@pytest.mark.parametrize(
    ("ending", "answer"),
    [
        ("/openid-configuration", (503, "busy", {})),
        ("/openid-configuration", (200, "<html>", {})),
        ("/openid-configuration", (200, [], {})),
        ("/openid-configuration", (200, {"jwks_uri": "http://localhost/keys"}, {})),
        ("/keys", (200, {}, {})),
        ("/keys", (200, {"keys": [{"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"}]}, {})),
        ("/keys", (302, "", {"Location": "https://localhost/elsewhere"})),
    ],
)
def test_an_unreadable_answer_is_unavailable(
    tenant: EntraTenant, entra: EntraServer, ending: str, answer: tuple[int, object, dict[str, str]]
) -> None:
    entra.answers[ending] = answer
    with pytest.raises(Unavailable, match="does not answer"):
        tenant.signing_key(KEY_ID)


@pytest.mark.asvs("V10.5.3", "V8.4.1")
def test_it_serves_one_tenant_only(settings: Settings) -> None:
    settings.ENTRA_AUTHORITY = "https://login.microsoftonline.com/example.com"
    with pytest.raises(ImproperlyConfigured, match=r"ENTRA_AUTHORITY is .*/example\.com.* a GUID"):
        entra_tenant()
