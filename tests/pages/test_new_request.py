"""The form: fields that follow the machine, errors where they belong, secrets that never come back."""

import re
from base64 import b64encode
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from portal.identity.models import User
from reimage.domain.custom_data import MAX_BYTES
from reimage.domain.request_states import RequestState
from reimage.models import ReimageRequest, SealedSecret
from tests.cast import client_of
from tests.pages.reading import part, source, words
from tests.pages.rows import pk, reimage_request
from tests.sandbox_process import SandboxProcess
from tests.stories import request_reimage

FORM = "/requests/new"
PASSWORD = "Correct-Horse-7"
pytestmark = pytest.mark.usefixtures("azure")


def send(visitor: Client, *names: str, **fields: object) -> HttpResponse:
    """Posts the form for these machines; fields named `name__field` belong to a machine's group."""
    data: dict[str, object] = {"vm": [pk(name) for name in names], "justification": "The disk image is corrupt."}
    for key, value in fields.items():
        name, separator, field = key.partition("__")
        data[f"g{pk(name.replace('_', '-'))}-{field}" if separator else key] = value
    return visitor.post(FORM, data)


def draft() -> ReimageRequest:
    return ReimageRequest.objects.get(state=RequestState.DRAFT)


def test_the_fields_follow_the_kind_of_os_disk(visitor: Client) -> None:
    page = visitor.get(FORM, {"vm": [pk("web-01"), pk("web-02")]})
    ephemeral, managed = f'name="g{pk("web-01")}-', f'name="g{pk("web-02")}-'
    assert set(re.findall(f'{ephemeral}([^"]*)', source(page))) == {"temp_disk", "exact_version"}
    assert set(re.findall(f'{managed}([^"]*)', source(page))) == {
        "delete_option",
        "exact_version",
        "admin_password",
        "admin_password_again",
        "custom_data",
        "custom_data_file",
        "custom_data_is_base64",
    }


def test_it_names_the_machines_and_carries_their_numbers(visitor: Client) -> None:
    page = visitor.get(FORM, {"vm": [pk("web-02"), pk("web-03")]})
    assert "Request reimage of 2 VMs" in words(page)
    assert re.findall(r'<input type="hidden" name="vm" value="(\d+)">', source(page)) == [
        str(pk("web-02")),
        str(pk("web-03")),
    ]
    assert 'enctype="multipart/form-data"' in source(page)


def test_a_good_form_becomes_a_draft_and_leads_to_the_review(visitor: Client, alice: User) -> None:
    answer = send(
        visitor, "web-02", ticket="INC-7", web_02__admin_password=PASSWORD, web_02__admin_password_again=PASSWORD
    )
    assert answer.status_code == 302
    assert answer["Location"] == f"/requests/{draft().pk}/review"
    assert (draft().requester, draft().ticket) == (alice, "INC-7")
    assert list(draft().operations.get().plan["body"]["osProfile"]) == ["adminPassword"]


def test_custom_data_may_be_a_file(visitor: Client) -> None:
    send(visitor, "web-02", web_02__custom_data_file=SimpleUploadedFile("init.yml", b"#cloud-config\n"))
    assert draft().operations.get().plan["body"]["osProfile"]["customData"]["bytes"] == 14


@pytest.mark.asvs("V14.2.1")
def test_it_takes_no_value_from_the_address(visitor: Client) -> None:
    machine = pk("web-02")
    named = {f"g{machine}-{name}": PASSWORD for name in ("admin_password", "admin_password_again", "custom_data")}
    visitor.post(f"/requests/new?{urlencode(named)}", {"vm": machine, "justification": "Practice."})
    assert draft().operations.get().plan["body"] is None
    assert not SealedSecret.objects.exists()


@pytest.mark.parametrize(
    ("fields", "where", "text"),
    [
        ({"justification": " "}, "justification", "Say why the machines should be reimaged"),
        (
            {"web_02__admin_password": "short", "web_02__admin_password_again": "short"},
            "admin_password",
            "at least 8 characters",
        ),
        ({"web_02__admin_password": PASSWORD}, "admin_password_again", "The two passwords are not the same"),
        ({"web_02__exact_version": "no/version"}, "exact_version", "Copy it from the list"),
        (
            {"web_02__custom_data": "not base64!", "web_02__custom_data_is_base64": "on"},
            "custom_data",
            "This is not base64",
        ),
        ({"web_02__custom_data": "x" * (MAX_BYTES + 1)}, "custom_data", "Azure takes at most 65535"),
        (
            {"web_02__custom_data_file": SimpleUploadedFile("init.yml", b"x" * 3_000_000)},
            "custom_data",
            "customData has 3000000 bytes; Azure takes at most 65535",
        ),
        (
            {
                "web_02__custom_data_file": SimpleUploadedFile("init.b64", b64encode(b"x" * 300_000)),
                "web_02__custom_data_is_base64": "on",
            },
            "custom_data",
            "customData has 300000 bytes; Azure takes at most 65535",
        ),
        (
            {"web_02__custom_data": "x", "web_02__custom_data_file": SimpleUploadedFile("x", b"y")},
            "custom_data",
            "as text or as a file, not both",
        ),
    ],
)
def test_an_error_stands_at_its_field_and_in_the_summary(
    visitor: Client, fields: dict[str, object], where: str, text: str
) -> None:
    answer = send(visitor, "web-02", **fields)
    field = "id_justification" if where == "justification" else f"id_g{pk('web-02')}-{where}"
    assert answer.status_code == 422
    assert text in part(answer, f"{field}_error").partition("</div>")[0]
    assert f'<a href="#{field}">' in source(answer)
    assert not ReimageRequest.objects.exists()


def test_an_error_of_the_reason_is_no_machines(visitor: Client) -> None:
    page = send(visitor, "web-01", "web-02", justification="", web_02__exact_version="§")
    summary = source(page).partition('role="alert"')[2].partition("</ul>")[0]
    (of_the_reason, of_a_machine) = re.findall(r"<li>.*?</li>", summary, flags=re.DOTALL)
    assert "web-0" not in of_the_reason
    assert "web-02" in of_a_machine


@pytest.mark.asvs("V8.2.3")
def test_what_is_no_secret_is_kept_after_an_error_and_a_password_is_not(visitor: Client) -> None:
    answer = send(
        visitor,
        "web-02",
        justification="",
        ticket="INC-7",
        web_02__exact_version="20348.2762.241006",
        web_02__delete_option="Delete",
        web_02__custom_data="#cloud-config",
        web_02__admin_password=PASSWORD,
        web_02__admin_password_again=PASSWORD,
    )
    assert PASSWORD not in source(answer)
    for kept in ('value="INC-7"', 'value="20348.2762.241006"', '<option value="Delete" selected', "#cloud-config"):
        assert kept in source(answer)
    assert "never kept on the page" in words(answer)


def test_a_machine_that_azure_is_busy_with_is_named(visitor: Client, azure: SandboxProcess) -> None:
    azure.drift("web-02", provisioning_state="Updating")
    answer = send(visitor, "web-02")
    assert answer.status_code == 422
    assert "Azure is busy with web-02 (Updating)" in words(answer)


def test_a_machine_with_an_open_request_is_refused(visitor: Client, alice: User) -> None:
    request_reimage(alice, "web-02")
    answer = send(visitor, "web-02", "web-03")
    assert answer.status_code == 422
    assert "web-02 already has an open request" in words(answer)


def test_when_azure_does_not_answer_nothing_is_lost_or_sent(visitor: Client, azure: SandboxProcess) -> None:
    azure.faults("status", match={"verb": "GET", "vm": "web-02"}, status=403, code="Forbidden", times=9)
    answer = send(visitor, "web-02")
    assert answer.status_code == 503
    assert "Nothing was sent or lost" in words(answer)


def test_what_was_typed_is_still_there_when_azure_cannot_be_reached(visitor: Client, azure: SandboxProcess) -> None:
    azure.faults("reset_before", match={"verb": "GET", "vm": "web-02"}, times=9)
    secret = {"web_02__admin_password": PASSWORD, "web_02__admin_password_again": PASSWORD}
    answer = send(visitor, "web-02", ticket="INC-7", web_02__delete_option="Delete", **secret)
    assert answer.status_code == 503
    for kept in ("The disk image is corrupt.", 'value="INC-7"', '<option value="Delete" selected'):
        assert kept in source(answer)
    assert PASSWORD not in source(answer)
    assert "Azure does not answer right now" in words(answer)
    assert "Wait a minute and try again. Passwords and files are never kept on the page" in words(answer)
    assert "Please correct" not in words(answer)
    azure.clear()
    assert send(visitor, "web-02", **secret).status_code == 302


def test_no_machine_or_too_many_is_explained(visitor: Client) -> None:
    assert "Choose at least one" in words(visitor.get(FORM))
    answer = visitor.get(FORM, {"vm": list(range(1, 52))})
    assert answer.status_code == 400
    assert "a request holds at most 50" in words(answer)


@pytest.mark.parametrize("number", ["0", "x", "9" * 40])
def test_a_machine_that_does_not_exist_is_not_found(visitor: Client, number: str) -> None:
    assert visitor.get(FORM, {"vm": number}).status_code == 404


def test_a_stranger_may_not_ask_for_another_teams_machine(eve: User) -> None:
    stranger = client_of(eve)
    assert stranger.get(FORM, {"vm": pk("web-02")}).status_code == 404
    assert send(stranger, "web-02").status_code == 404
    assert not ReimageRequest.objects.exists()


@pytest.mark.parametrize("number", ["", "0", "x", "9" * 40])
def test_a_request_that_is_not_there_brings_no_words_along(visitor: Client, number: str) -> None:
    assert visitor.get(FORM, {"vm": pk("web-02"), "again": number}).status_code == 200


@pytest.mark.asvs("V8.2.3", "V15.3.1")
def test_nobody_gets_the_words_of_a_request_that_they_may_not_see(visitor: Client, bob: User) -> None:
    hidden = reimage_request(bob, justification="Between Bob and Dan.", ticket="INC-8")
    page = visitor.get(FORM, {"vm": pk("web-02"), "again": hidden.pk})
    assert "Between Bob and Dan." not in source(page)
    assert "INC-8" not in source(page)


class TestTheCheckOfOneField:
    def check(self, visitor: Client, field: str, **fields: str) -> HttpResponse:
        prefix = f"g{pk('web-02')}-"
        data = {"vm": pk("web-02"), **{f"{prefix}{name}": value for name, value in fields.items()}}
        return visitor.post(f"/requests/new/check?field={prefix}{field}", data)

    def test_it_answers_with_the_region_of_that_field_alone(self, visitor: Client) -> None:
        answer = self.check(visitor, "admin_password", admin_password="short")
        assert source(answer).strip().startswith(f'<div id="id_g{pk("web-02")}-admin_password_checked"')
        assert "at least 8 characters" in words(answer)
        assert "short" not in source(answer).replace("is too short", "")

    def test_it_praises_what_is_right(self, visitor: Client) -> None:
        assert "meets the rules for Windows" in words(self.check(visitor, "admin_password", admin_password=PASSWORD))
        assert "13 bytes of at most 65535" in words(self.check(visitor, "custom_data", custom_data="#cloud-config"))

    @pytest.mark.asvs("V14.2.1")
    def test_it_takes_no_value_from_the_address(self, visitor: Client) -> None:
        name = f"g{pk('web-02')}-admin_password"
        query = {"field": name, name: "short", "vm": str(pk("web-02"))}
        assert visitor.get("/requests/new/check", query).status_code == 405
        answer = visitor.post(f"/requests/new/check?{urlencode(query)}", {"vm": pk("web-02")})
        assert answer.status_code == 200
        assert "at least 8 characters" not in words(answer)

    def test_it_stores_nothing(self, visitor: Client) -> None:
        self.check(visitor, "admin_password", admin_password=PASSWORD)
        assert not ReimageRequest.objects.exists()

    def test_it_knows_no_other_fields(self, visitor: Client) -> None:
        answer = self.check(visitor, "password_of_root")
        assert answer.status_code == 400
        assert "The form has no such field" in words(answer)

    def test_it_is_not_for_strangers(self, eve: User) -> None:
        assert self.check(client_of(eve), "admin_password", admin_password=PASSWORD).status_code == 404


def test_the_versions_that_azure_lists_are_suggested(visitor: Client) -> None:
    answer = visitor.get("/requests/new/versions", {"vm": pk("web-02"), "list": "g1-versions"})
    assert '<datalist id="g1-versions">' in source(answer)
    assert len(re.findall("<option", source(answer))) > 1


def test_versions_are_not_for_strangers(eve: User) -> None:
    assert client_of(eve).get("/requests/new/versions", {"vm": pk("web-02")}).status_code == 404
