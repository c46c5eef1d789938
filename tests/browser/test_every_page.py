"""Every page in a real browser: accessible (axe) in both languages and themes, fits a phone, obeys its own policy."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.faults import faults_of
from tests.browser.person import Person
from tests.browser.scenes import Scene, prepare_scenes
from tests.cast import ALICE, BOB, CAROL, DAN, EVE, Part
from tests.demo_stack import DemoStack

pytestmark = pytest.mark.xdist_group("demo")
PHONE = {"width": 390, "height": 844}
LOOKS = [("en-US", "light"), ("en-US", "dark"), ("ja-JP", "light"), ("ja-JP", "dark")]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoStack]:
    with DemoStack(tmp_path_factory.mktemp("pages")) as demo:
        yield demo


@pytest.fixture(scope="module")
def scenes(browser: Browser, stack: DemoStack) -> list[Scene]:
    return prepare_scenes(browser, stack)


@pytest.mark.parametrize(("locale", "theme"), LOOKS)
@pytest.mark.parametrize("part", [ALICE, BOB, CAROL, DAN, EVE], ids=lambda part: part.display_name)
@pytest.mark.asvs("V3.4.3", "V3.7.1", "V14.2.3")
def test_it_has_no_fault(
    browser: Browser, stack: DemoStack, scenes: list[Scene], part: Part, locale: str, theme: str
) -> None:
    person = Person.sign_in(browser, stack, part, locale=locale, color_scheme=theme, viewport=PHONE)
    complaints: list[str] = []
    person.page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    faults = {}
    for scene in scenes:
        if scene.part is part:
            faults[scene.name] = faults_of(person.open(scene.path))
    person.context.close()
    assert {name: found for name, found in faults.items() if found} == {}
    # A page that says 403 or 404 makes the browser say so too; nothing else may be complained of.
    assert [text for text in complaints if "the server responded with a status of 40" not in text] == []


@pytest.mark.asvs("V3.7.1")
def test_the_whole_form_can_be_sent_without_javascript(browser: Browser, stack: DemoStack, scenes: list[Scene]) -> None:
    alice = Person.sign_in(browser, stack, ALICE, java_script_enabled=False)
    alice.choose_machines("batch-01")
    alice.settings_of("batch-01").locator("[name$=delete_option]").select_option("Delete")
    alice.review("Practice.")
    number = alice.confirm("batch-01")
    bob = Person.sign_in(browser, stack, BOB, java_script_enabled=False)
    page = bob.approve(number)
    assert page.locator("#decision form").count() == 0
    for person in (alice, bob):
        person.context.close()


def test_a_request_can_be_made_with_the_keyboard_alone(browser: Browser, stack: DemoStack, scenes: list[Scene]) -> None:
    alice = Person.sign_in(browser, stack, ALICE)
    page = alice.open("/machines/?q=batch-02")
    _tab_to(page, "input[name=vm]")
    page.keyboard.press("Space")
    _tab_to(page, "button[formaction='/requests/new']")
    page.keyboard.press("Enter")
    page.wait_for_selector("form[action='/requests/new']")
    _tab_to(page, "[name=justification]")
    page.keyboard.type("Practice.")
    _tab_to(page, "form[action='/requests/new'] button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review")
    _tab_to(page, "[name=confirmation]")
    page.keyboard.type("batch-02")
    page.keyboard.press("Enter")
    page.wait_for_selector("#request-state")
    alice.context.close()


def _tab_to(page: Page, selector: str) -> None:
    """Presses Tab until the element has the focus; a visible outline shows where one is."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            outline = page.evaluate(
                "() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle + s.boxShadow }"
            )
            assert outline != "nonenone", f"{selector} has the focus and does not show it"
            return
    pytest.fail(f"{selector} cannot be reached by Tab")
