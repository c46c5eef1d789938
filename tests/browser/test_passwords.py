"""Both ways to a password after the approval, by mouse and keyboard, from request to machine; their pages are sound."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Error, Page, Response, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from portal.identity.models import User
from reimage.models import ReimageRequest
from reimage.services.view_answers import answer_views
from tests.browser.crawl import REPORT_VIOLATIONS
from tests.browser.faults import faults_of
from tests.browser.leaving import leave
from tests.browser.person import Person
from tests.cast import client_of
from tests.demo_stack import RunningStack
from tests.passwords import AT_RELEASE, GENERATED, PASSWORD, seen_by_azure
from tests.sandbox_process import SandboxProcess
from tests.stories import approved, posts, run

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = {"width": 390, "height": 844}
SHOW = "Show the password, once"


@pytest.fixture
def person(browser: Browser, live_server: LiveServer, settings: Settings) -> Iterator[Callable[[User], Person]]:
    """Somebody at a phone, signed in."""
    settings.PUBLIC_URL = live_server.url
    people: list[Person] = []

    def signed_in(user: User) -> Person:
        context = browser.new_context(locale="en-US", viewport=PHONE)
        session = client_of(user).cookies["session"].value
        context.add_cookies([{"name": "session", "value": session, "url": live_server.url}])
        people.append(Person(RunningStack(Path(), live_server.url, ""), context, context.new_page()))
        return people[-1]

    yield signed_in
    for one in people:
        one.context.close()


def ask_and_approve(alice: Person, bob: Person) -> ReimageRequest:
    """For web-02 with a new password, which nobody types yet."""
    page = alice.choose_machines("web-02")
    expect(page.locator("[name$='-admin_password']")).to_have_count(0)
    alice.settings_of("web-02").locator("[name$='-sets_admin_password']").check()
    alice.review("The disk image is corrupt.")
    number = alice.confirm("web-02")
    bob.approve(number)
    return ReimageRequest.objects.get(pk=number)


def test_it_is_given_at_release(
    azure: SandboxProcess, alice: User, bob: User, person: Callable[[User], Person], settings: Settings
) -> None:
    settings.PASSWORD_MODE = "at_release"
    requester = person(alice)
    made = ask_and_approve(requester, person(bob))
    assert posts(azure) == []
    page = requester.open("/")
    page.get_by_role("link", name="Give the password").click()
    assert faults_of(page) == []
    page.locator("[name=admin_password]").fill(PASSWORD)
    page.locator("[name=admin_password_again]").fill("Another-Horse-7")
    page.get_by_role("button", name="Seal the password").click()
    expect(page.locator("form .notice[role=alert]")).to_be_visible()
    assert faults_of(page) == []
    for name in ("admin_password", "admin_password_again"):
        expect(page.locator(f"[name={name}]")).to_have_value("")  # no answer has it
        page.locator(f"[name={name}]").fill(PASSWORD)
    page.locator("[name=admin_password_again]").press("Enter")
    expect(page.get_by_text("The password is sealed.")).to_be_visible()
    run(made, azure)
    assert seen_by_azure(azure, PASSWORD)


def test_it_is_generated_and_shown_once(
    azure: SandboxProcess, alice: User, bob: User, person: Callable[[User], Person], settings: Settings
) -> None:
    settings.PASSWORD_MODE = "generated"
    requester = person(alice)
    run(ask_and_approve(requester, person(bob)), azure)
    page = requester.open("/")
    page.get_by_role("link", name="See the password").click()
    assert faults_of(page) == []
    page.get_by_role("button", name="Prepare the password").click()
    expect(page.get_by_text("The worker opens it for this browser.")).to_be_visible()
    answer_views(now=timezone.now())
    show = page.get_by_role("button", name=SHOW)
    expect(show).to_be_visible()  # the page looks again by itself
    assert faults_of(page) == []
    show.click()
    shown = page.get_by_label("Administrator password")
    assert seen_by_azure(azure, shown.input_value())
    assert faults_of(page) == []
    path = page.url.removeprefix(requester.stack.url)
    page.goto(f"{requester.stack.url}/")
    with pytest.raises(Error, match="ERR_CACHE_MISS"):  # the browser kept nothing, and sends no form again unasked
        page.go_back()
    expect(shown).to_have_count(0)
    page = requester.open(path)
    expect(page.get_by_text("It was shown to you, once")).to_be_visible()
    expect(page.get_by_role("button", name=SHOW)).to_have_count(0)


def awaiting(alice: User, bob: User, settings: Settings) -> str:
    """Where Alice gives the password that an approved machine waits for."""
    settings.PASSWORD_MODE = "at_release"
    return f"/requests/{approved(alice, bob, 'web-03', parameters=AT_RELEASE).pk}/password"


def generated(alice: User, bob: User, settings: Settings, azure: SandboxProcess) -> str:
    """Where Alice sees the password of a machine that was reimaged."""
    settings.PASSWORD_MODE = "generated"
    operation = run(approved(alice, bob, "web-02", parameters=GENERATED), azure).operations.get()
    return f"/requests/{operation.reimage_request_id}/operations/{operation.pk}/password"


def prepare(page: Page) -> None:
    """She presses once, and the worker answers."""
    page.get_by_role("button", name="Prepare the password").click()
    expect(page.get_by_text("The worker opens it for this browser.")).to_be_visible()
    answer_views(now=timezone.now())


@pytest.mark.asvs("V14.3.1")
def test_a_page_that_is_left_forgets_what_was_typed_or_shown(
    azure: SandboxProcess, alice: User, bob: User, person: Callable[[User], Person], settings: Settings
) -> None:
    requester = person(alice)
    page = requester.open(awaiting(alice, bob, settings))
    typed = [page.locator(f"[name={name}]") for name in ("admin_password", "admin_password_again")]
    for field in typed:
        field.fill(PASSWORD)
    leave(page)
    for field in typed:
        expect(field).to_have_value("")
    page = requester.open(generated(alice, bob, settings, azure))
    prepare(page)
    page.get_by_role("button", name=SHOW).click()
    shown = page.locator("#shown-password")
    expect(shown).not_to_have_value("")
    leave(page)
    expect(shown).to_have_value("")


@pytest.mark.asvs("V3.4.3")
def test_the_answers_to_their_forms_keep_to_the_policy(
    azure: SandboxProcess, alice: User, bob: User, person: Callable[[User], Person], settings: Settings
) -> None:
    """What was typed wrong, what is shown, and what was asked for a second time: no link leads to these pages."""
    requester = person(alice)
    answers: list[tuple[int, bool]] = []
    violations: list[str] = []

    def note(answer: Response) -> None:
        if answer.request.method == "POST" and answer.request.is_navigation_request():
            answers.append((answer.status, "default-src 'none'" in answer.headers.get("content-security-policy", "")))

    requester.context.add_init_script(REPORT_VIOLATIONS)
    requester.context.on("response", note)
    requester.context.on(
        "console", lambda said: violations.append(said.text) if said.text.startswith("policy violated") else None
    )
    page = requester.open(awaiting(alice, bob, settings))
    page.locator("[name=admin_password]").fill(PASSWORD)
    page.locator("[name=admin_password_again]").fill("Another-Horse-7")
    page.get_by_role("button", name="Seal the password").click()
    expect(page.locator("form .notice[role=alert]")).to_be_visible()
    page = requester.open(generated(alice, bob, settings, azure))
    prepare(page)
    show = page.get_by_role("button", name=SHOW)
    expect(show).to_be_visible()
    other = requester.context.new_page()
    other.goto(page.url)
    show.click()
    expect(page.locator("#shown-password")).to_be_visible()
    other.get_by_role("button", name=SHOW).click()
    expect(other.get_by_text("was already shown")).to_be_visible()
    assert answers == [(422, True), (302, True), (200, True), (409, True)]
    assert violations == []
