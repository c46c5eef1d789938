"""Signing in and out in a real browser: the content policy must not stop the way to Entra ID and back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from tests.cast import ALICE
from tests.identity.conftest import forget_entra
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def running_sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess(vms=1) as process:
        yield process


@pytest.fixture
def portal(running_sandbox: SandboxProcess, settings: Settings, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The address of the portal, with the sandbox as its Entra ID."""
    running_sandbox.reset()
    settings.STATIC_ROOT = tmp_path
    settings.ENTRA_AUTHORITY = f"{running_sandbox.https_url}/11111111-1111-4111-8111-111111111111"
    settings.AZURE_CA_BUNDLE = running_sandbox.ca_file
    forget_entra()
    address: str = request.getfixturevalue("live_server").url
    settings.PUBLIC_URL = address
    return address


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser says of the content policy."""
    heard: list[str] = []
    page.on(
        "console", lambda message: heard.append(message.text) if "Content Security Policy" in message.text else None
    )
    return heard


def sign_in(page: Page, portal: str) -> None:
    page.goto(f"{portal}/audit/")
    page.get_by_role("button", name="Sign in with Microsoft").click()
    page.get_by_role("button", name=ALICE.display_name).click()
    expect(page).to_have_url(f"{portal}/audit/")


def test_it_goes_to_entra_and_comes_back(page: Page, portal: str, complaints: list[str]) -> None:
    sign_in(page, portal)
    expect(page.locator("header")).to_contain_text(ALICE.display_name)
    assert complaints == []


def test_it_goes_to_entra_without_javascript(page: Page, portal: str) -> None:
    context = page.context.browser.new_context(java_script_enabled=False)
    sign_in(context.new_page(), portal)
    context.close()


@pytest.mark.asvs("V14.3.1")
def test_after_signing_out_the_way_back_shows_nothing(page: Page, portal: str, complaints: list[str]) -> None:
    sign_in(page, portal)
    page.locator("summary").filter(has_text=ALICE.display_name).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{portal}/signed-out")
    page.go_back()
    expect(page.locator("body")).not_to_contain_text(ALICE.display_name)
    page.goto(f"{portal}/audit/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert complaints == []
