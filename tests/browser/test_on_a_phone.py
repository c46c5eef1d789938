"""At 390 pixels: nothing is cut off, and no name in a chip or badge is broken within a word."""

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, Page
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.models import VirtualMachine
from tests.cast import client_of
from tests.sandbox_process import SandboxProcess
from tests.stories import advance_to, approved

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("azure")]
LINES = "elements => elements.map(element => [element.textContent, element.getClientRects().length])"
DOTS = "elements => elements.map(element => getComputedStyle(element, '::before').content)"
CUT_OFF = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_machines_name_stays_on_one_line_in_its_chip(
    context: BrowserContext, live_server: LiveServer, settings: Settings, alice: User, language: str
) -> None:
    settings.PUBLIC_URL = live_server.url
    page = phone_of(alice, context, live_server, language)
    machines = VirtualMachine.objects.filter(name__in=["web-01", "web-02", "web-03"])
    page.goto(f"{live_server.url}/requests/new?" + "&".join(f"vm={machine.pk}" for machine in machines))
    lines = page.locator(".chip > bdi").evaluate_all(LINES)
    assert sorted(lines) == [["web-01", 1], ["web-02", 1], ["web-03", 1]]
    assert page.evaluate(CUT_OFF) == 0


@pytest.mark.parametrize(("language", "title"), [("en", "What was weighed"), ("ja", "判断に用いた証拠")])
def test_what_was_weighed_is_a_list_of_its_own_within_its_step(
    context: BrowserContext,
    live_server: LiveServer,
    settings: Settings,
    azure: SandboxProcess,
    alice: User,
    bob: User,
    language: str,
    title: str,
) -> None:
    settings.PUBLIC_URL = live_server.url
    azure.faults("reset_before", match={"verb": "POST", "path_contains": "/reimage"})
    operation = advance_to(approved(alice, bob, "web-02").operations.get(), OperationState.OUTCOME_UNKNOWN)
    azure.drift("web-02", replace_os_disk=True)
    advance_to(operation, OperationState.VERIFYING)
    page = phone_of(alice, context, live_server, language)
    page.goto(f"{live_server.url}/requests/{operation.reimage_request_id}/operations/{operation.pk}/")
    assert page.get_by_text(title, exact=True).is_visible()
    # The dots and the line of the time line are its steps' alone.
    dots = page.locator(".timeline li li").evaluate_all(DOTS)
    assert dots == ["none"] * 3
    assert page.evaluate(CUT_OFF) == 0


def phone_of(person: User, context: BrowserContext, live_server: LiveServer, language: str) -> Page:
    """Signed in, and as narrow as a phone."""
    session: Client = client_of(person)
    cookies = {"session": session.cookies["session"].value, "language": language}
    context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
    page: Page = context.new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    return page
