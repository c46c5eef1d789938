"""What somebody typed survives: Back, a change of language, a double click; where it cannot, they are asked first."""

import re
from typing import Literal

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, Dialog, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer
from pytest_playwright.pytest_playwright import CreateContextCallback

from portal.identity.models import User
from reimage.domain.request_states import RequestState
from reimage.models import ReimageRequest, VirtualMachine
from tests.browser.drawn import wait_until_drawn
from tests.browser.leaving import leave
from tests.cast import client_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("azure")]
# As quickly as somebody does; of clicks without any time between them the browser itself sends one.
CLICK_TWICE = "button => { button.click(); setTimeout(() => button.click(), 30); }"
VERSION = "20348.2762.241006"


@pytest.fixture
def portal(live_server: LiveServer, settings: Settings) -> str:
    settings.PUBLIC_URL = live_server.url
    return str(live_server.url)


def sign_in(context: BrowserContext, portal: str, person: User) -> Page:
    session: Client = client_of(person)
    context.add_cookies([{"name": "session", "value": session.cookies["session"].value, "url": portal}])
    return context.new_page()


def form(page: Page, portal: str) -> None:
    page.goto(f"{portal}/requests/new?vm={VirtualMachine.objects.get(name='web-02').pk}")


def fill_in(page: Page) -> None:
    page.locator("[name=justification]").fill("The disk image is corrupt.")
    page.locator("[name=ticket]").fill("INC-7")
    page.locator("[name$='-exact_version']").fill(VERSION)
    page.locator("[name$='-delete_option']").select_option("Delete")


def go_on(page: Page) -> None:
    page.locator("form[action='/requests/new'] button[type=submit]").click()


@pytest.mark.parametrize("scripts", [True, False])
def test_back_from_the_review_everything_is_still_there(
    new_context: CreateContextCallback, portal: str, alice: User, scripts: bool
) -> None:
    context = new_context(java_script_enabled=scripts)
    page = sign_in(context, portal, alice)
    form(page, portal)
    fill_in(page)
    go_on(page)
    expect(page).to_have_url(re.compile("/review$"))
    page.go_back()
    for _again in range(2):  # as the browser restores it, and as the server fills it in
        expect(page.locator("[name$='-exact_version']")).to_have_value(VERSION)
        expect(page.locator("[name=justification]")).to_have_value("The disk image is corrupt.")
        expect(page.locator("[name=ticket]")).to_have_value("INC-7")
        expect(page.locator("[name$='-delete_option']")).to_have_value("Delete")
        page.goto(page.url)


@pytest.mark.asvs("V14.2.4")
@pytest.mark.parametrize("scripts", [True, False])
def test_back_from_the_review_the_password_is_not(
    new_context: CreateContextCallback, portal: str, alice: User, scripts: bool
) -> None:
    page = sign_in(new_context(java_script_enabled=scripts), portal, alice)
    form(page, portal)
    fill_in(page)
    passwords = [page.locator(f"[name$='-{name}']") for name in ("admin_password", "admin_password_again")]
    for field in passwords:
        assert field.get_attribute("autocomplete") == "new-password"
        field.fill("Correct-Horse-7")
    go_on(page)
    expect(page).to_have_url(re.compile("/review$"))
    page.go_back()
    expect(page.locator("[name=ticket]")).to_have_value("INC-7")
    for field in passwords:
        expect(field).to_have_value("")


@pytest.mark.asvs("V14.3.1")
def test_a_page_that_is_left_forgets_the_password_and_nothing_else(
    context: BrowserContext, portal: str, alice: User
) -> None:
    page = sign_in(context, portal, alice)
    form(page, portal)
    fill_in(page)
    passwords = [page.locator(f"[name$='-{name}']") for name in ("admin_password", "admin_password_again")]
    for field in passwords:
        field.fill("Correct-Horse-7")
    leave(page)
    for field in passwords:
        expect(field).to_have_value("")
    expect(page.locator("[name=ticket]")).to_have_value("INC-7")


def test_a_button_stays_under_the_pointer_that_presses_it(context: BrowserContext, portal: str, alice: User) -> None:
    """The field that was left by the press is checked meanwhile, and what is said of it would push the button down."""
    page = sign_in(context, portal, alice)
    form(page, portal)
    fill_in(page)
    page.locator("[name$='-admin_password']").fill("Correct-Horse-7")
    button = page.locator("form[action='/requests/new'] button[type=submit]")
    button.scroll_into_view_if_needed()
    button.hover()
    with page.expect_response("**/requests/new/check?*") as answer:
        page.mouse.down()
    answer.value.finished()
    wait_until_drawn(page)
    expect(page.get_by_text("The password meets the rules")).to_have_count(0)
    page.mouse.up()
    expect(page.get_by_text("Nothing was sent yet. Please correct:")).to_be_visible()


def test_a_field_is_checked_once_a_press_that_was_not_meant_is_over(
    context: BrowserContext, portal: str, alice: User
) -> None:
    page = sign_in(context, portal, alice)
    form(page, portal)
    page.locator("[name$='-admin_password']").fill("Correct-Horse-7")
    page.locator("form[action='/requests/new'] button[type=submit]").hover()
    with page.expect_response("**/requests/new/check?*") as answer:
        page.mouse.down()
    answer.value.finished()
    wait_until_drawn(page)
    expect(page.get_by_text("The password meets the rules")).to_have_count(0)
    page.locator("h1").hover()
    page.mouse.up()
    expect(page.get_by_text("The password meets the rules")).to_be_visible()


@pytest.mark.parametrize(("place", "button"), [("h1", "left"), ("form[action='/requests/new'] button", "right")])
def test_any_other_press_holds_nothing_up(
    context: BrowserContext, portal: str, alice: User, place: str, button: Literal["left", "right"]
) -> None:
    page = sign_in(context, portal, alice)
    form(page, portal)
    page.locator("[name$='-admin_password']").fill("Correct-Horse-7")
    page.locator(place).hover()
    page.mouse.down(button=button)
    expect(page.get_by_text("The password meets the rules")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_after_an_error_it_is_too(new_context: CreateContextCallback, portal: str, alice: User, scripts: bool) -> None:
    context = new_context(java_script_enabled=scripts)
    page = sign_in(context, portal, alice)
    form(page, portal)
    fill_in(page)
    page.locator("[name=justification]").fill("")
    go_on(page)
    expect(page.locator(".notice[role=alert]")).to_be_visible()
    expect(page.locator("[name$='-exact_version']")).to_have_value(VERSION)
    expect(page.locator("[name=ticket]")).to_have_value("INC-7")


def test_whoever_has_typed_is_asked_before_the_language_changes(
    context: BrowserContext, portal: str, alice: User
) -> None:
    page, asked = sign_in(context, portal, alice), []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        if len(asked) == 1:
            dialog.dismiss()
        else:
            dialog.accept()

    page.on("dialog", answer)
    form(page, portal)
    page.locator("[name=ticket]").press_sequentially("INC-7")
    language = page.locator("[name=language][value=ja]")
    language.press("Enter")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("[name=ticket]")).to_have_value("INC-7")
    language.press("Enter")
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    assert len(asked) == 2
    assert "is lost" in asked[0]


def test_whoever_has_not_is_not_asked(context: BrowserContext, portal: str, alice: User) -> None:
    page, asked = sign_in(context, portal, alice), []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    form(page, portal)
    page.locator("[name=language][value=ja]").click()
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    assert asked == []


def test_after_an_error_they_are_asked_for_what_stands_there(context: BrowserContext, portal: str, alice: User) -> None:
    page, asked = sign_in(context, portal, alice), []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    form(page, portal)
    page.locator("[name=ticket]").fill("INC-7")
    go_on(page)
    expect(page.locator(".notice[role=alert]")).to_be_visible()
    page.locator("[name=language][value=ja]").click()
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    assert len(asked) == 1
    expect(page.locator("form[action='/requests/new']")).to_be_visible()  # the machines are still chosen


def test_without_scripts_the_page_says_so_beforehand(
    new_context: CreateContextCallback, portal: str, alice: User
) -> None:
    context = new_context(java_script_enabled=False)
    page = sign_in(context, portal, alice)
    form(page, portal)
    note = page.locator("noscript p")  # get_by_text leaves noscript out
    expect(note).to_be_visible()
    expect(note).to_contain_text("what you typed and did not send is lost")


def test_a_double_click_sends_one_request(context: BrowserContext, portal: str, alice: User) -> None:
    page = sign_in(context, portal, alice)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    form(page, portal)
    page.locator("[name=justification]").fill("The disk image is corrupt.")
    page.locator("form[action='/requests/new'] button[type=submit]").evaluate(CLICK_TWICE)
    expect(page).to_have_url(re.compile("/review$"))
    page.locator("[name=confirmation]").fill("web-02")
    page.locator("form[action$='/review'] button[type=submit]").evaluate(CLICK_TWICE)
    expect(page).to_have_url(re.compile(r"/requests/\d+/$"))
    expect(page.locator("#request-state")).to_be_visible()
    assert ReimageRequest.objects.exclude(state=RequestState.DRAFT).count() == 1
    assert len(ReimageRequest.objects.all()) == 1
    assert [re.sub(r"\d+", "1", address.removeprefix(portal)) for address in sent if "check" not in address] == [
        "/requests/new",
        "/requests/1/review",
    ]


def test_what_was_sent_can_be_sent_again_from_the_page_that_comes_back(
    context: BrowserContext, portal: str, alice: User
) -> None:
    page = sign_in(context, portal, alice)
    form(page, portal)
    page.locator("[name=justification]").fill("The disk image is corrupt.")
    go_on(page)
    expect(page).to_have_url(re.compile("/review$"))
    page.go_back()
    page.locator("[name=ticket]").fill("INC-8")
    go_on(page)
    expect(page).to_have_url(re.compile("/review$"))
    expect(page.get_by_text("INC-8")).to_be_visible()
