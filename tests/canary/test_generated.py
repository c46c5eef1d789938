"""A generated password that is recognised anywhere: the one page that shows it has it, and nothing else ever."""

import json
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from portal.identity.models import User
from reimage.models import ReimageRequest
from reimage.services import generated_passwords
from reimage.services.view_answers import answer_views, expire_unseen_passwords
from tests.canary.killing import CALLS, assert_clean_when_killed_after
from tests.canary.reports import error_reports
from tests.canary.sinks import Sinks
from tests.canary.spellings import PASSWORD, as_words, leaks, spellings
from tests.cast import client_of
from tests.passwords import GENERATED, seen_by_azure
from tests.sandbox_process import SandboxProcess
from tests.stories import approved, run

POST = {"verb": "POST", "path_contains": "/reimage"}


@pytest.fixture
def waiting(
    azure: SandboxProcess, alice: User, bob: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> ReimageRequest:
    """Approved; the worker will happen to draw the canary."""
    settings.PASSWORD_MODE = "generated"
    monkeypatch.setattr(generated_passwords, "generate_password", lambda _os_type: PASSWORD)
    return approved(alice, bob, "web-02", parameters=GENERATED)


def path_of(waiting: ReimageRequest) -> str:
    return f"/requests/{waiting.pk}/operations/{waiting.operations.get().pk}/password"


def prepared(alice: User, waiting: ReimageRequest, azure: SandboxProcess, sinks: Sinks) -> Client:
    """Run to its end, asked for and answered."""
    run(waiting, azure)
    browser = client_of(alice)
    sinks.answered(browser.post(path_of(waiting)))
    answer_views(now=timezone.now())
    return browser


@pytest.mark.asvs("V14.2.4", "V16.2.5")
def test_the_one_page_has_it_and_nothing_else(
    waiting: ReimageRequest,
    azure: SandboxProcess,
    alice: User,
    bob: User,
    dan: User,
    sinks: Sinks,
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # so that the broker has a message
        browser = prepared(alice, waiting, azure, sinks)
    assert b"answer_password_views" in sinks.read()["files and broker"]
    assert seen_by_azure(azure, PASSWORD)
    for person in (alice, bob, dan):
        sinks.answered(client_of(person).get(path_of(waiting)))
        sinks.answered(client_of(person).get(f"/requests/{waiting.pk}/"))
    sinks.assert_clean()
    shown = browser.post(path_of(waiting))
    assert ("the page", "html") in leaks({"the page": shown.content})
    sinks.assert_clean()
    assert sinks.answered(browser.post(path_of(waiting))).status_code == 409
    sinks.answered(browser.get(path_of(waiting)))
    sinks.assert_clean()


@pytest.mark.parametrize(
    ("fault", "script"),
    [
        ("status", {"status": 400, "code": "InvalidParameter", "message": f"The value '{PASSWORD}' is not accepted"}),
        ("status", {"status": 500, "code": "InternalError", "message": f"osProfile {json.dumps(PASSWORD)}"}),
        ("status", {"status": 500, "code": f"Bad_{PASSWORD}", "message": f"Bad {PASSWORD}"}),
        ("status", {"status": 429}),
        ("accepted_then_lost", {}),
        ("operation_failed", {}),
    ],
)
def test_when_azure_echoes_it_or_is_lost(
    waiting: ReimageRequest, azure: SandboxProcess, sinks: Sinks, fault: str, script: dict[str, Any]
) -> None:
    azure.faults(fault, match=POST, **script)
    run(waiting, azure, steps=4)
    sinks.assert_clean()


def test_when_azure_quotes_it_as_it_fails_later(
    waiting: ReimageRequest, azure: SandboxProcess, alice: User, sinks: Sinks
) -> None:
    """It is sealed still, for its requester to see: the machine may have it."""
    said = {"code": f"Bad_{PASSWORD}", "message": f"The value {json.dumps(PASSWORD)} was rejected."}
    azure.faults("operation_failed", match=POST, **said)
    run(waiting, azure)
    note = waiting.operations.get().note
    assert (note["code"], note["params"]["azure_code"]) == ("azure_operation_failed", "Bad_***")
    sinks.answered(client_of(alice).get(f"/requests/{waiting.pk}/"))
    sinks.assert_clean()


@pytest.mark.asvs("V14.2.4")
@pytest.mark.parametrize("spelling", ["url in small letters", "json of PHP", "base64 of utf-16-le at 1", "hex"])
def test_so_it_is_in_another_spelling(
    waiting: ReimageRequest, azure: SandboxProcess, sinks: Sinks, spelling: str
) -> None:
    echo = as_words(spellings(PASSWORD)[spelling])
    azure.faults("operation_failed", match=POST, code=f"Bad_{echo}", message=f"The value {echo} was rejected.")
    run(waiting, azure)
    params = waiting.operations.get().note["params"]
    assert (params["azure_code"], params["message"]) == ("***", "***")
    sinks.assert_clean()


@pytest.mark.parametrize("call", CALLS)
def test_when_the_worker_is_killed(waiting: ReimageRequest, sinks: Sinks, call: str) -> None:
    assert_clean_when_killed_after(call, waiting, sinks)


def test_unseen_it_expires_without_a_trace(
    waiting: ReimageRequest, azure: SandboxProcess, alice: User, sinks: Sinks, settings: Any
) -> None:
    browser = prepared(alice, waiting, azure, sinks)
    settings.PASSWORD_HOURS = 0
    assert expire_unseen_passwords(now=timezone.now()) == 1
    assert sinks.answered(browser.post(path_of(waiting))).status_code == 409
    sinks.assert_clean()


def test_neither_a_missing_token_nor_another_person_gets_it(
    waiting: ReimageRequest, azure: SandboxProcess, alice: User, dan: User, sinks: Sinks
) -> None:
    first = prepared(alice, waiting, azure, sinks)
    stranger, forged = client_of(dan), Client(enforce_csrf_checks=True)
    forged.force_login(alice)
    for browser in (stranger, forged):  # even with the cookie of her browser
        browser.cookies = first.cookies.copy() | {"session": browser.cookies["session"]}
        assert sinks.answered(browser.post(path_of(waiting))).status_code == 403
    sinks.assert_clean()


@pytest.mark.asvs("V16.5.1")
def test_our_own_mistake_reports_none_of_it(
    waiting: ReimageRequest, azure: SandboxProcess, alice: User, sinks: Sinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page breaks down while it has the password at hand."""
    browser = prepared(alice, waiting, azure, sinks)

    def break_down(*_args: Any, **_options: Any) -> None:
        password = PASSWORD
        raise RuntimeError(f"a mistake of {len(password)} characters")

    monkeypatch.setattr("reimage.views.password_views.render", break_down)
    browser.raise_request_exception = False
    assert sinks.answered(browser.post(path_of(waiting))).status_code == 500
    try:
        break_down()
    except RuntimeError:
        request = RequestFactory().post(path_of(waiting))
        reports = error_reports(request)
    assert all(b"a mistake" in report for report in reports.values())
    assert leaks(reports) == []
    sinks.assert_clean()
