"""A password that is recognised anywhere, typed into the form of a new request: no page, log or report has it."""

import base64
from html import unescape

import pytest
from django.test import Client, RequestFactory

from portal.identity.models import User
from reimage.domain.parameters import ReimageParameters
from reimage.models import VirtualMachine
from tests.canary.reports import error_reports
from tests.canary.sinks import Sinks
from tests.canary.spellings import DATA, OTHER_PASSWORD, PASSWORD, leaks
from tests.cast import client_of
from tests.sandbox_process import SandboxProcess
from tests.stories import request_reimage

PARAMETERS = ReimageParameters(admin_password=PASSWORD, custom_data=base64.b64encode(DATA).decode())


def form_of(alice: User, **changes: str) -> dict[str, str]:
    """The form for web-02, filled in with the canary."""
    number = VirtualMachine.objects.get(name="web-02").pk
    fields = {"admin_password": PASSWORD, "admin_password_again": PASSWORD, "custom_data": DATA.decode()} | changes
    return {"vm": str(number), "justification": "Practice.", **{f"g{number}-{name}": v for name, v in fields.items()}}


MISTAKES = [{"admin_password_again": OTHER_PASSWORD}, {"admin_password": "short"}, {"exact_version": "?!"}]


@pytest.mark.asvs("V14.2.4", "V8.2.3")
@pytest.mark.parametrize("changes", MISTAKES)
def test_a_page_with_errors_shows_nothing_of_the_password(
    azure: SandboxProcess, alice: User, sinks: Sinks, changes: dict[str, str]
) -> None:
    response = sinks.answered(client_of(alice).post("/requests/new", form_of(alice, custom_data="", **changes)))
    assert response.status_code == 422
    sinks.assert_clean()


@pytest.mark.asvs("V14.2.4")
@pytest.mark.parametrize("changes", MISTAKES)
def test_custom_data_comes_back_in_the_form_it_was_typed_into_and_is_nowhere_else(
    azure: SandboxProcess, alice: User, sinks: Sinks, changes: dict[str, str]
) -> None:
    """docs/decisions/0045: nothing that was typed is lost."""
    response = client_of(alice).post("/requests/new", form_of(alice, **changes))
    assert response.status_code == 422
    text = response.content.decode()
    assert DATA.decode() in unescape(text)
    assert PASSWORD not in text
    assert response["Cache-Control"] == "no-store, private"
    sinks.assert_clean()


@pytest.mark.asvs("V14.2.4")
def test_a_form_without_its_token_leaves_nothing(azure: SandboxProcess, alice: User, sinks: Sinks) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    response = sinks.answered(client.post("/requests/new", form_of(alice)))
    assert response.status_code == 403
    sinks.assert_clean()


@pytest.mark.asvs("V14.2.4", "V16.5.1")
def test_our_own_mistake_reports_none_of_it(
    azure: SandboxProcess, alice: User, sinks: Sinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(**given: object) -> None:
        raise RuntimeError(f"a mistake with {len(given)} arguments")

    monkeypatch.setattr("reimage.views.new_request.draft_reimage_request", break_down)
    client = client_of(alice)
    client.raise_request_exception = False
    response = sinks.answered(client.post("/requests/new", form_of(alice)))
    assert response.status_code == 500
    request = RequestFactory().post("/requests/new", form_of(alice))
    try:
        break_down(**form_of(alice))
    except RuntimeError:
        reports = error_reports(request)
    assert all(b"a mistake" in report for report in reports.values())
    assert leaks(reports) == []
    sinks.assert_clean()


@pytest.mark.asvs("V14.2.4")
def test_no_page_shows_it_to_anybody(
    azure: SandboxProcess, alice: User, bob: User, carol: User, dan: User, sinks: Sinks
) -> None:
    reimage_request = request_reimage(alice, "web-02", parameters=PARAMETERS)
    for person in (alice, bob, carol, dan):
        for path in ("", "progress"):
            page = client_of(person).get(f"/requests/{reimage_request.pk}/{path}").content.decode()
            assert "canary" not in page.casefold()
    sinks.assert_clean()
