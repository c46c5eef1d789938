"""What is read from a verified token, whatever stands in it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from portal.identity.claims import Claims, read_claims
from portal.identity.models import User
from tests.cast import ALICE, TENANT_ID
from tests.identity.entra_server import EntraServer
from tests.identity.journey import Visitor


def read(**claims: Any) -> Claims:
    return read_claims({"tid": str(TENANT_ID), "oid": str(ALICE.object_id), "iat": 1_780_000_000, **claims})


def test_the_name_falls_back_to_what_there_is() -> None:
    assert read(name="Alice Aoki", preferred_username="alice@example.com").name == "Alice Aoki"
    assert read(preferred_username="alice@example.com").name == "alice@example.com"
    assert read().name == str(ALICE.object_id)


def test_the_address_is_the_email_claim_or_a_user_name_that_looks_like_one() -> None:
    assert read(email="a@example.com", preferred_username="b@example.com").email == "a@example.com"
    assert read(preferred_username="b@example.com").email == "b@example.com"
    assert read(preferred_username="+81 90 0000 0000").email == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_800_000_000, datetime.fromtimestamp(1_800_000_000, UTC)),
        (0, None),
        (-1, None),
        (2**60, None),
        (True, None),
        ("1800000000", None),
    ],
)
def test_auth_time_is_a_time_or_nothing(value: object, expected: datetime | None) -> None:
    assert read(auth_time=value).auth_time == expected


@pytest.mark.asvs("V15.3.5")
def test_roles_are_words_in_a_list() -> None:
    assert read(roles=["Reimage.Auditor", 7, "Reimage.Auditor"]).app_roles == ("Reimage.Auditor",)
    assert read(roles="Reimage.Administrator").app_roles == ()


def test_a_hostile_name_signs_in_and_is_kept_as_far_as_it_fits(visitor: Visitor, entra: EntraServer) -> None:
    visitor.sign_in(ALICE, entra, name="A\x00\ud800" * 300, email="a" * 300 + "@example.com")
    user = User.objects.get()
    assert user.display_name == "A?" * 128
    assert user.email == ""


@pytest.mark.asvs("V1.2.1")
def test_names_are_escaped(visitor: Visitor, entra: EntraServer) -> None:
    visitor.sign_in(ALICE, entra, name="<script>alert(1)</script>")
    assert "<script>" not in visitor.client.get("/").content.decode()
