"""At 390 pixels: nothing is cut off, and no name in a chip or badge is broken within a word."""

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, Page
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from portal.identity.models import User
from reimage.models import VirtualMachine
from tests.cast import client_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("azure")]
LINES = "elements => elements.map(element => [element.textContent, element.getClientRects().length])"


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_machines_name_stays_on_one_line_in_its_chip(
    context: BrowserContext, live_server: LiveServer, settings: Settings, alice: User, language: str
) -> None:
    settings.PUBLIC_URL = live_server.url
    session: Client = client_of(alice)
    cookies = {"session": session.cookies["session"].value, "language": language}
    context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
    page: Page = context.new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    machines = VirtualMachine.objects.filter(name__in=["web-01", "web-02", "web-03"])
    page.goto(f"{live_server.url}/requests/new?" + "&".join(f"vm={machine.pk}" for machine in machines))
    lines = page.locator(".chip > bdi").evaluate_all(LINES)
    assert sorted(lines) == [["web-01", 1], ["web-02", 1], ["web-03", 1]]
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
