"""What scripts add to the pages: searching while typing, checks while filling in, progress without reloading."""

import re

import pytest
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from portal.identity.models import User
from reimage.models import VirtualMachine
from tests.browser.drawn import wait_until_drawn
from tests.cast import client_of
from tests.stories import approve, request_reimage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("azure")]


@pytest.fixture
def portal(live_server: LiveServer, settings: Settings) -> str:
    settings.PUBLIC_URL = live_server.url
    return str(live_server.url)


@pytest.fixture
def signed_in(page: Page, portal: str, alice: User) -> Page:
    """Alice's browser, in English."""
    session: Client = client_of(alice)
    page.context.add_cookies([{"name": "session", "value": session.cookies["session"].value, "url": portal}])
    return page


def test_what_was_ticked_stays_ticked_while_the_list_is_searched(signed_in: Page, portal: str) -> None:
    signed_in.goto(f"{portal}/machines/")
    signed_in.get_by_role("checkbox", name="web-02", exact=True).check()
    signed_in.locator("#id_q").press_sequentially("batch")
    expect(signed_in).to_have_url(re.compile("q=batch.*vm="))
    expect(signed_in.locator(".chosen-elsewhere")).to_contain_text("web-02")
    expect(signed_in.locator("[data-selected-count]")).to_have_text("1")
    expect(signed_in.locator("#id_q")).to_be_focused()


def test_all_that_are_shown_are_chosen_at_once_and_counted(signed_in: Page, portal: str) -> None:
    signed_in.goto(f"{portal}/machines/?q=web-")
    signed_in.locator("[data-select-all]").check()
    expect(signed_in.locator("[data-selected-count]")).to_have_text("4")
    signed_in.locator("button[formaction='/requests/new']").click()
    expect(signed_in.locator("input[type=hidden][name=vm]")).to_have_count(4)


@pytest.mark.parametrize("size", [{"width": 390, "height": 844}, {"width": 1280, "height": 720}])
def test_the_bar_of_what_is_chosen_covers_no_row_that_has_the_focus(
    signed_in: Page, portal: str, size: dict[str, int]
) -> None:
    signed_in.set_viewport_size(size)
    signed_in.emulate_media(reduced_motion="reduce")
    signed_in.goto(f"{portal}/machines/")
    for box in signed_in.locator("td.check input").all():
        box.focus()
        row, bar = box.locator("xpath=ancestor::tr").bounding_box(), signed_in.locator(".selection-bar").bounding_box()
        assert row
        assert bar
        assert row["y"] + row["height"] <= bar["y"]


def test_a_password_is_checked_when_it_is_left_and_the_focus_stays_where_it_went(signed_in: Page, portal: str) -> None:
    signed_in.goto(f"{portal}/requests/new?vm={VirtualMachine.objects.get(name='web-02').pk}")
    password = signed_in.locator("[name$='-admin_password']")
    checked = signed_in.locator("[id$='-admin_password_checked']")
    password.fill("short")
    password.press("Tab")
    expect(checked.locator(".errors")).to_contain_text("at least 8 characters")
    expect(password).to_have_attribute("aria-invalid", "true")
    expect(password).to_have_accessible_description(re.compile("at least 8 characters"))
    expect(signed_in.locator("[name$='-admin_password_again']")).to_be_focused()
    password.fill("Correct-Horse-7")
    password.press("Tab")
    expect(checked.locator(".praise")).to_be_visible()
    expect(password).not_to_have_attribute("aria-invalid", "true")
    expect(password).to_have_value("Correct-Horse-7")


def test_a_file_is_checked_as_soon_as_it_is_chosen(signed_in: Page, portal: str) -> None:
    signed_in.goto(f"{portal}/requests/new?vm={VirtualMachine.objects.get(name='web-02').pk}")
    file = {"name": "init.yml", "mimeType": "text/plain", "buffer": b"x" * 70_000}
    signed_in.locator("input[type=file]").set_input_files(file)
    expect(signed_in.locator("[id$='-custom_data_checked'] .errors")).to_contain_text("70000 bytes")


def test_the_versions_of_the_image_are_suggested(signed_in: Page, portal: str) -> None:
    signed_in.goto(f"{portal}/requests/new?vm={VirtualMachine.objects.get(name='web-02').pk}")
    expect(signed_in.locator("datalist option")).not_to_have_count(0)
    identifier = signed_in.locator("datalist").get_attribute("id")
    expect(signed_in.locator("[name$='-exact_version']")).to_have_attribute("list", identifier or "")


def test_a_decision_reaches_the_page_of_who_waits_for_it(signed_in: Page, portal: str, alice: User, bob: User) -> None:
    waiting = request_reimage(alice, "web-02")
    signed_in.goto(f"{portal}/requests/{waiting.pk}/")
    expect(signed_in.locator("#request-state")).to_contain_text("Waiting for approval")
    approve(bob, waiting)
    expect(signed_in.locator("#decision")).to_contain_text("Approved by Bob Baba", timeout=10_000)
    expect(signed_in.locator("#request-state")).not_to_contain_text("Waiting for approval")
    expect(signed_in.locator("#timeline li")).to_have_count(2)


def test_what_is_pressed_stays_though_the_page_moves_on_beneath(
    signed_in: Page, portal: str, alice: User, bob: User
) -> None:
    """A poll that arrives meanwhile is dropped; the next one brings the same."""
    waiting = request_reimage(alice, "web-02")
    signed_in.goto(f"{portal}/requests/{waiting.pk}/")
    state = signed_in.locator("#request-state")
    signed_in.locator("main button:visible").first.hover()
    signed_in.mouse.down()
    approve(bob, waiting)
    with signed_in.expect_response(lambda answer: "progress" in answer.url and "Approved" in answer.text()) as answer:
        pass
    answer.value.finished()
    wait_until_drawn(signed_in)
    expect(state).to_contain_text("Waiting for approval")
    signed_in.locator("h1").hover()
    signed_in.mouse.up()
    expect(state).not_to_contain_text("Waiting for approval", timeout=10_000)


def test_on_a_phone_a_link_at_the_top_leads_to_the_decision(page: Page, portal: str, alice: User, bob: User) -> None:
    waiting = request_reimage(alice, "web-02", "web-03")
    page.context.add_cookies([{"name": "session", "value": client_of(bob).cookies["session"].value, "url": portal}])
    page.emulate_media(reduced_motion="reduce")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{portal}/requests/{waiting.pk}/")
    expect(page.locator("#decision")).not_to_be_in_viewport()
    page.locator("a[href='#decision']").click()
    expect(page.locator("#decision")).to_be_in_viewport()
    page.set_viewport_size({"width": 1280, "height": 844})
    expect(page.locator("a[href='#decision']")).to_be_hidden()
