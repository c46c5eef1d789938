"""What a person is told of input that the form itself would not let them make, or that breaks a rule of Azure's."""

from base64 import b64encode

import pytest
from django.http import HttpResponse
from django.test import Client

from portal.identity.models import User
from reimage.domain.passwords import DISALLOWED
from reimage.models import GrantRole, ReimageRequest, VirtualMachine
from reimage.selectors import virtual_machines_for
from tests.pages.reading import source, words
from tests.pages.rows import pk
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.usefixtures("azure")
EPHEMERAL, WINDOWS, LINUX = "web-01", "web-02", "web-03"
TOO_SIMPLE = "The password needs 3 of four kinds of characters; it lacks: "


def send(visitor: Client, name: str, **fields: str) -> HttpResponse:
    """Posts the form of one machine, whatever fields it shows."""
    settings = {f"g{pk(name)}-{field}": value for field, value in fields.items()}
    return visitor.post("/requests/new", {"vm": pk(name), "justification": "The disk image is corrupt.", **settings})


def with_password(visitor: Client, name: str, password: str) -> HttpResponse:
    return send(visitor, name, admin_password=password, admin_password_again=password)


@pytest.mark.parametrize(
    ("machine", "fields", "text"),
    [
        (
            WINDOWS,
            {"temp_disk": "on"},
            "tempDisk is only supported for machines with an ephemeral OS disk.",
        ),
        (EPHEMERAL, {"custom_data": "#cloud-config"}, "can only be given for a machine whose OS disk is not ephemeral"),
        (
            EPHEMERAL,
            {"delete_option": "Detach"},
            "web-01 has an ephemeral OS disk, whose deleteOption cannot be",
        ),
        (WINDOWS, {"delete_option": "Keep-it"}, "Select a valid choice. Keep-it is not one of the available choices."),
        (WINDOWS, {"exact_version": "1" * 10_000}, "The version has more than 100 characters. Copy it from the list."),
        (WINDOWS, {"exact_version": "1\x01\u202e2"}, "The version may hold letters, digits, and . _ - only"),
        (WINDOWS, {"exact_version": "1\x002"}, "This text holds a character that cannot be stored (U+0000)"),
        (
            WINDOWS,
            {"exact_version": " \t "},
            "The version is blank. Leave the field empty to keep",
        ),
        (WINDOWS, {"custom_data": "a\x00b"}, "This text holds a character that cannot be stored (U+0000)"),
        (
            WINDOWS,
            {"custom_data": b64encode(b"x" * 65_536).decode(), "custom_data_is_base64": "on"},
            "customData has 65536 bytes; Azure takes at most 65535. Shorten it.",
        ),
    ],
)
def test_a_setting_that_does_not_fit_names_the_rule_and_the_remedy(
    visitor: Client, machine: str, fields: dict[str, str], text: str
) -> None:
    answer = send(visitor, machine, **fields)
    assert answer.status_code == 422
    assert text in words(answer)
    assert not ReimageRequest.objects.exists()


def test_custom_data_of_65535_bytes_is_taken(visitor: Client) -> None:
    encoded = b64encode(b"x" * 65_535).decode()
    assert send(visitor, WINDOWS, custom_data=encoded, custom_data_is_base64="on").status_code == 302


@pytest.mark.parametrize(
    ("machine", "password", "text"),
    [
        (WINDOWS, "aB3-xyz", "For Windows the password needs at least 8 characters."),
        (WINDOWS, "aB3-" + "x" * 120, "For Windows the password may have at most 123 characters."),
        (LINUX, "aB3-x", "For Linux the password needs at least 6 characters."),
        (LINUX, "aB3-" + "x" * 69, "For Linux the password may have at most 72 characters."),
        (WINDOWS, "lowercase-only", f"{TOO_SIMPLE}an upper-case letter, a digit"),
        (LINUX, "UPPERCASE9", f"{TOO_SIMPLE}a lower-case letter, a special character"),
        (
            EPHEMERAL,
            "Correct-Horse-7",
            "can only be given for a machine whose OS disk is not ephemeral. Leave it",
        ),
        *[
            (WINDOWS, listed, "Azure refuses this well-known password. Choose another one.")
            for listed in sorted(DISALLOWED)
        ],
    ],
)
def test_a_password_against_the_rules_is_told_which_and_not_repeated(
    visitor: Client, machine: str, password: str, text: str
) -> None:
    answer = with_password(visitor, machine, password)
    assert answer.status_code == 422
    assert text in words(answer)
    assert f'value="{password}"' not in source(answer)
    assert not ReimageRequest.objects.exists()


@pytest.mark.parametrize(
    ("machines", "text"),
    [
        ([], "No machine is chosen. Choose at least one."),
        ([7, 8, 7], "A machine is named twice. Choose each machine once."),
        (list(range(1, 52)), "51 machines are chosen; a request holds at most 50. Split it into several requests."),
    ],
)
def test_a_senseless_choice_of_machines_is_explained(visitor: Client, machines: list[int], text: str) -> None:
    answer = visitor.post("/requests/new", {"vm": machines, "justification": "The disk image is corrupt."})
    assert answer.status_code == 400
    assert text in words(answer)


def test_a_machine_beyond_ones_grants_is_not_found_and_azure_is_not_asked(
    visitor: Client, alice: User, azure: SandboxProcess
) -> None:
    granted = virtual_machines_for(alice, GrantRole.REQUESTER).values("pk")
    foreign = VirtualMachine.objects.exclude(pk__in=granted)[0]
    azure.clear()
    answer = send(visitor, foreign.name)
    assert answer.status_code == 404
    assert "A machine of this request does not exist, or you may not request its reimage." in words(answer)
    assert "ask an administrator for a grant if one is missing" in words(answer)
    assert foreign.name not in words(answer)
    assert azure.ledger() == []


@pytest.mark.parametrize("address", ["/requests/new", "/requests/new/versions"])
def test_what_is_no_machine_at_all_is_answered_like_a_foreign_one(visitor: Client, alice: User, address: str) -> None:
    granted = virtual_machines_for(alice, GrantRole.REQUESTER).values("pk")
    foreign = VirtualMachine.objects.exclude(pk__in=granted)[0].pk
    answers = [visitor.get(address, {"vm": vm}) for vm in (foreign, 999_999, "abc", "-1", "9" * 30)]
    assert [answer.status_code for answer in answers] == [404] * 5
    assert len({words(answer) for answer in answers}) == 1
    assert "What to do next: Choose again from your machines;" in words(answers[0])


def test_a_machine_that_azure_deleted_meanwhile_is_named(visitor: Client, azure: SandboxProcess) -> None:
    azure.drift(WINDOWS, delete=True)
    answer = send(visitor, WINDOWS)
    assert answer.status_code == 422
    assert "web-02 no longer exists in Azure. Take it out of the request." in words(answer)
    assert not ReimageRequest.objects.exists()
