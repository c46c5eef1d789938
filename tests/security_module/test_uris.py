"""The address of a key in a security module: what it names, and how a mistake in it is told."""

from pathlib import Path

import pytest

from portal.security_module.uri import KeyUri, KeyUriError, is_key_uri

QUERY = "?module-path=/usr/lib/m.so&pin-source=/etc/pin"


def test_it_names_token_key_module_and_pin() -> None:
    place = KeyUri.parse("pkcs11:token=the%20portal;serial=9a;object=a%3Bb;id=%01%FF;type=private" + QUERY)
    assert place.token == (("token", "the portal"), ("serial", "9a"))
    assert (place.label, place.key_id) == ("a;b", b"\x01\xff")
    assert (place.module, place.pin_file) == ("/usr/lib/m.so", Path("/etc/pin"))


def test_a_pin_source_may_be_a_file_uri() -> None:
    text = "pkcs11:token=t;object=k?pin-source=file:/run/secrets/pin&module-path=/m.so"
    assert KeyUri.parse(text).pin_file == Path("/run/secrets/pin")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pkcs11:object=k" + QUERY, "must name a token and a key"),
        ("pkcs11:token=t" + QUERY, "must name a token and a key"),
        ("pkcs11:token=t;object=k", "lacks module-path and pin-source"),
        ("pkcs11:token=t;object=k?module-path=/m.so&pin-source=", "by 'pin-source' is nothing"),
        ("pkcs11:token=t;object=" + QUERY, "by 'object' is nothing"),
        ("pkcs11:token=t%00;object=k" + QUERY, "by 'token' is nothing"),
        ("pkcs11:token=t;object=k;type=public" + QUERY, "another type of object"),
        ("pkcs11:token=t;object=k;slot-id=0" + QUERY, "a part that is unknown or said twice"),
        ("pkcs11:token=t;object=k;object=l" + QUERY, "unknown or said twice"),
        ("pkcs11:token=t;object=k" + QUERY + "&pin-source=/other", "unknown or said twice"),
    ],
)
def test_a_mistake_is_told_with_the_form(text: str, said: str) -> None:
    with pytest.raises(KeyUriError, match=said):
        KeyUri.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "pkcs11:token=t;object=k?module-path=/m.so&pin-value=canary",
        "pkcs11:token=t;object=k?module-path=/m.so;PIN-VALUE=canary&pin-source=/p",
        "pkcs11:token=t&pin-value=canary;object=k" + QUERY,
        "pkcs11:token=t;object=k" + QUERY + "?pin-value=canary",
        "pkcs11:token=t;object=k" + QUERY + "&canary",
        "pkcs11:token=t;object=k" + QUERY + ";canary",
    ],
)
def test_a_pin_in_the_address_itself_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(KeyUriError) as refused:
        KeyUri.parse(text)
    assert "canary" not in str(refused.value)


def test_a_path_is_no_such_address_and_capitals_are() -> None:
    assert not is_key_uri("/etc/pkcs11:key.pem")
    assert is_key_uri("PKCS11:token=t;object=k" + QUERY)
    assert KeyUri.parse("PKCS11:token=t;object=k" + QUERY).label == "k"
