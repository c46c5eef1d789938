"""A password that is recognised anywhere, given after the approval: it is in no sink, on any way."""

import json
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from portal.identity.models import User
from reimage.models import ReimageRequest
from reimage.services import decision
from reimage.services.awaited_passwords import expire_awaited_passwords
from reimage.services.errors import InvalidReimageRequest
from tests.canary.killing import CALLS, assert_clean_when_killed_after
from tests.canary.reports import error_reports
from tests.canary.sinks import Sinks
from tests.canary.spellings import OTHER_PASSWORD, PASSWORD, leaks
from tests.cast import client_of
from tests.passwords import AT_RELEASE, give, seen_by_azure
from tests.sandbox_process import SandboxProcess
from tests.stories import approved, run

POST = {"verb": "POST", "path_contains": "/reimage"}


@pytest.fixture
def awaiting(azure: SandboxProcess, alice: User, bob: User, settings: Any) -> ReimageRequest:
    settings.PASSWORD_MODE = "at_release"
    return approved(alice, bob, "web-02", parameters=AT_RELEASE)


def form_of(awaiting: ReimageRequest, **changes: Any) -> dict[str, Any]:
    machine = awaiting.operations.get().pk
    return {"operations": [machine], "admin_password": PASSWORD, "admin_password_again": PASSWORD} | changes


def path_of(awaiting: ReimageRequest) -> str:
    return f"/requests/{awaiting.pk}/password"


@pytest.mark.asvs("V14.2.4", "V16.2.5")
def test_on_success(
    awaiting: ReimageRequest, azure: SandboxProcess, alice: User, sinks: Sinks, django_capture_on_commit_callbacks: Any
) -> None:
    browser = client_of(alice)
    with django_capture_on_commit_callbacks(execute=True):  # so that the broker has a message
        assert sinks.answered(browser.post(path_of(awaiting), form_of(awaiting))).status_code == 302
    assert b"advance_operation" in sinks.read()["files and broker"]
    sinks.assert_clean()
    run(awaiting, azure)
    assert seen_by_azure(azure, PASSWORD)
    for address in ("/", f"/requests/{awaiting.pk}/", path_of(awaiting)):
        sinks.answered(browser.get(address))
    sinks.assert_clean()


@pytest.mark.parametrize(
    ("fault", "script"),
    [
        ("status", {"status": 400, "code": "InvalidParameter", "message": f"The value '{PASSWORD}' is not accepted"}),
        ("status", {"status": 500, "code": "InternalError", "message": f"osProfile {json.dumps(PASSWORD)}"}),
        ("status", {"status": 500, "code": f"Bad_{PASSWORD}", "message": f"Bad {PASSWORD}"}),
        ("accepted_then_lost", {}),
    ],
)
def test_when_azure_echoes_it_or_is_lost(
    awaiting: ReimageRequest, azure: SandboxProcess, sinks: Sinks, fault: str, script: dict[str, Any]
) -> None:
    give(awaiting, password=PASSWORD)
    azure.faults(fault, match=POST, **script)
    run(awaiting, azure, steps=4)
    sinks.assert_clean()


@pytest.mark.parametrize("call", CALLS)
def test_when_the_worker_is_killed(awaiting: ReimageRequest, sinks: Sinks, call: str) -> None:
    give(awaiting, password=PASSWORD)
    assert_clean_when_killed_after(call, awaiting, sinks)


def test_on_cancellation_and_when_it_is_given_too_late(awaiting: ReimageRequest, alice: User, sinks: Sinks) -> None:
    give(awaiting, password=PASSWORD)
    decision.cancel_reimage_request(requester=alice, reimage_request_id=awaiting.pk, now=timezone.now())
    browser = client_of(alice)
    assert sinks.answered(browser.post(path_of(awaiting), form_of(awaiting))).status_code == 409
    sinks.assert_clean()


def test_on_expiry(awaiting: ReimageRequest, alice: User, sinks: Sinks) -> None:
    until = awaiting.operations.get().next_at
    assert until is not None
    expire_awaited_passwords(now=until)
    sinks.answered(client_of(alice).post(path_of(awaiting), form_of(awaiting)))
    sinks.assert_clean()


@pytest.mark.parametrize(
    "changes", [{"admin_password_again": OTHER_PASSWORD}, {"operations": []}, {"operations": ["x"]}]
)
def test_a_page_with_errors_shows_none_of_it(
    awaiting: ReimageRequest, alice: User, sinks: Sinks, changes: dict[str, Any]
) -> None:
    page = sinks.answered(client_of(alice).post(path_of(awaiting), form_of(awaiting, **changes)))
    assert page.status_code == 422
    sinks.assert_clean()


def test_a_refused_password_is_in_no_exception(awaiting: ReimageRequest, sinks: Sinks) -> None:
    too_long = PASSWORD * 12
    with pytest.raises(InvalidReimageRequest) as refused:
        give(awaiting, password=too_long)
    assert leaks({"exception": f"{refused.value!r} {refused.value.findings}".encode()}) == []
    sinks.assert_clean()


def test_neither_a_missing_token_nor_another_person_leaves_it(
    awaiting: ReimageRequest, alice: User, bob: User, sinks: Sinks
) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    assert sinks.answered(browser.post(path_of(awaiting), form_of(awaiting))).status_code == 403
    assert sinks.answered(client_of(bob).post(path_of(awaiting), form_of(awaiting))).status_code == 403
    sinks.assert_clean()


@pytest.mark.asvs("V14.2.4")
def test_an_old_sign_in_keeps_none_of_it(awaiting: ReimageRequest, alice: User, sinks: Sinks) -> None:
    browser = client_of(alice)
    session = browser.session
    session["identity.authenticated_at"] = int(timezone.now().timestamp()) - 3600
    session.save()
    assert sinks.answered(browser.post(path_of(awaiting), form_of(awaiting))).status_code == 302
    sinks.assert_clean()


@pytest.mark.asvs("V16.5.1")
def test_our_own_mistake_reports_none_of_it(
    awaiting: ReimageRequest, alice: User, sinks: Sinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(**given: object) -> None:
        raise RuntimeError(f"a mistake with {len(given)} arguments")

    monkeypatch.setattr("reimage.services.awaited_passwords.give_password", break_down)
    browser = client_of(alice)
    browser.raise_request_exception = False
    assert sinks.answered(browser.post(path_of(awaiting), form_of(awaiting))).status_code == 500
    try:
        break_down(password=PASSWORD)
    except RuntimeError:
        request = RequestFactory().post(path_of(awaiting), form_of(awaiting))
        reports = error_reports(request)
    assert all(b"a mistake" in report for report in reports.values())
    assert leaks(reports) == []
    sinks.assert_clean()
