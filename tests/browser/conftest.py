"""A real Chromium for the tests in this folder.

Where there is none, they are skipped and the end of the run says so loudly; under CI they fail.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.models import ReimageOperation, ReimageRequest
from tests.audit.sealing.logs import SealedLog
from tests.browser import chromium
from tests.browser.crawl import Crawl
from tests.cast import client_of
from tests.passwords import AT_RELEASE, GENERATED
from tests.sandbox_process import SandboxProcess
from tests.stories import approved, draft, request_reimage, run

HERE = Path(__file__).parent
# Playwright's event loop runs in the test's own thread, where Django would refuse the database for being async.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every test of this folder `browser`, so that it can be left out by -m."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(autouse=True, scope="session")
def _a_chromium_is_there() -> None:
    if chromium.is_available():
        return
    if os.environ.get("CI"):
        pytest.fail(chromium.ABSENT)
    pytest.skip(chromium.ABSENT)


@pytest.fixture(scope="session")
def base_url() -> str:
    """None: a test names the server that it visits. (pytest-playwright's own fixture warns under pytest 9.)"""
    return ""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    """pytest-playwright's own, with our Chromium."""
    return {**browser_type_launch_args, **chromium.launch_options()}


@pytest.fixture
def crawl(browser: Browser, live_server: LiveServer, settings: Settings) -> Iterator[Callable[..., Crawl]]:
    """Begins a walk: for whom, or nobody, and in which language."""
    settings.PUBLIC_URL = live_server.url
    contexts: list[BrowserContext] = []

    def begin(person: User | None, locale: str = "en-US") -> Crawl:
        context = browser.new_context(locale=locale)
        contexts.append(context)
        if person:
            value = client_of(person).cookies["session"].value
            context.add_cookies([{"name": "session", "value": value, "url": live_server.url}])
        return Crawl(context.new_page(), live_server.url, is_signed_in=person is not None)

    yield begin
    for context in contexts:
        context.close()


@pytest.fixture
def something_everywhere(azure: SandboxProcess, alice: User, bob: User, settings: Settings, log: SealedLog) -> None:
    """Requests that ended, wait, need an administrator or a password, hold one to be seen; a draft; a sealed log."""
    run(approved(alice, bob, "web-01"), azure)
    request_reimage(alice, "web-01")
    stuck = approved(alice, bob, "web-03")
    unsettled = {"state": OperationState.NEEDS_ATTENTION, "note": {"code": "no_evidence", "params": {}}}
    ReimageOperation.objects.filter(reimage_request=stuck).update(**unsettled, next_at=None)
    ReimageRequest.objects.filter(pk=stuck.pk).update(state=RequestState.EXECUTING)
    settings.PASSWORD_MODE = "generated"
    run(approved(alice, bob, "web-02", parameters=GENERATED), azure)
    settings.PASSWORD_MODE = "at_release"
    approved(alice, bob, "web-04", parameters=AT_RELEASE)
    draft(alice, "web-02")
    log.seal()
    log.anchor()
