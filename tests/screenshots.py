"""Takes pictures of every page into var/screenshots: python -m tests.screenshots (make screenshots).

Both languages, light and dark, a desk and a phone; --readme also renews the pictures in docs/images.
"""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
from playwright.sync_api import Browser, sync_playwright

from tests.browser import chromium
from tests.browser.person import Person
from tests.cast import ALICE, BOB, CAROL, DAN, EVE, Part
from tests.demo_stack import ROOT, DemoStack

FOLDER = ROOT / "var" / "screenshots"
README_FOLDER = ROOT / "docs" / "images"
WIDTHS = {"desk": 1280, "phone": 390}
README = {
    "decision": ("en", "light", "desk", "request-to-decide"),
    "machines": ("en", "light", "desk", "machines"),
    "progress": ("en", "light", "desk", "request-ended"),
    "form": ("ja", "dark", "desk", "new-request-with-errors"),
    "audit": ("en", "light", "desk", "audit-event"),
}


@dataclass(frozen=True)
class Scene:
    """A page, who looks at it, and where it is."""

    name: str
    part: Part
    path: str


def _prepare(browser: Browser, stack: DemoStack) -> list[Scene]:
    """Makes one request that ended, one that runs and one that waits; gives every page to look at."""
    Person.sign_in(browser, stack, BOB).context.close()
    alice = Person.sign_in(browser, stack, ALICE)
    alice.open("/machines/")
    ids = {
        name: alice.page.get_by_role("checkbox", name=name, exact=True).get_attribute("value")
        for name in ("web-01", "web-02", "web-03", "web-04")
    }
    ended = _ask(alice, "web-01", "web-02", reason="Both hosts fail their integrity check.", phrase="reimage 2")
    bob = Person.sign_in(browser, stack, BOB)
    bob.approve(ended)
    _until_ended(alice, ended, stack)
    waiting = _ask(alice, "web-02", "web-03", reason="The disk image is corrupt: INC-7.", phrase="reimage 2")
    alice.choose_machines("web-04")
    draft = alice.review("Practice before the maintenance window.").url.removeprefix(stack.url)
    carol = Person.sign_in(browser, stack, CAROL)
    event = carol.open(f"/requests/{ended}/").locator("#timeline a").first.get_attribute("href")
    chosen = "&".join(f"vm={ids[name]}" for name in ("web-01", "web-04"))
    return [
        Scene("my-work", ALICE, "/"),
        Scene("my-work-approver", BOB, "/"),
        Scene("no-access", EVE, "/"),
        Scene("machines", ALICE, "/machines/"),
        Scene("machines-none-found", ALICE, "/machines/?q=nothing-like-this"),
        Scene("machine", ALICE, f"/machines/{ids['web-03']}/"),
        Scene("new-request", ALICE, f"/requests/new?{chosen}"),
        Scene("review", ALICE, draft),
        Scene("requests", ALICE, "/requests/"),
        Scene("request-waiting", ALICE, f"/requests/{waiting}/"),
        Scene("request-ended", ALICE, f"/requests/{ended}/"),
        Scene("approvals", BOB, "/approvals/"),
        Scene("request-to-decide", BOB, f"/requests/{waiting}/"),
        Scene("audit", CAROL, "/audit/"),
        Scene("audit-event", CAROL, str(event)),
        Scene("access", DAN, "/access/"),
        Scene("not-allowed", EVE, "/access/"),
        Scene("not-found", EVE, "/requests/99999/"),
    ]


def _ask(alice: Person, *names: str, reason: str, phrase: str) -> int:
    alice.choose_machines(*names)
    alice.review(reason)
    return alice.confirm(phrase)


def _until_ended(alice: Person, number: int, stack: DemoStack) -> None:
    alice.page.wait_for_selector("#progress:has-text('web-02')", timeout=20_000)
    requests.post(f"{stack.sandbox_url}/_sandbox/clock", json={"advance_seconds": 60}, timeout=10).raise_for_status()
    alice.page.wait_for_selector("#progress:not([hx-get])", timeout=60_000)


def _looks() -> Iterator[tuple[str, str, str]]:
    yield from product(("en", "ja"), ("light", "dark"), WIDTHS)


def _photograph(browser: Browser, stack: DemoStack, scenes: list[Scene]) -> None:
    for (language, theme, width), part in product(_looks(), (ALICE, BOB, CAROL, DAN, EVE)):
        person = Person.sign_in(
            browser,
            stack,
            part,
            locale="ja-JP" if language == "ja" else "en-US",
            timezone_id="Asia/Tokyo",
            color_scheme=theme,
            viewport={"width": WIDTHS[width], "height": 900},
        )
        for scene in scenes:
            if scene.part is part:
                page = person.open(scene.path)
                page.screenshot(path=FOLDER / f"{scene.name}-{language}-{theme}-{width}.png", full_page=True)
                if scene.name == "new-request":
                    page.locator("form[action='/requests/new'] button[type=submit]").click()
                    name = f"new-request-with-errors-{language}-{theme}-{width}.png"
                    page.screenshot(path=FOLDER / name, full_page=True)
        person.context.close()


def main() -> None:
    """Starts a demo of its own, so that pictures never show what somebody else did."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder, DemoStack(Path(folder)) as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium.launch_options())  # type: ignore[arg-type]
        _photograph(browser, stack, _prepare(browser, stack))
        browser.close()
    if "--readme" in sys.argv:
        README_FOLDER.mkdir(parents=True, exist_ok=True)
        for name, look in README.items():
            language, theme, width, scene = look
            shutil.copy(FOLDER / f"{scene}-{language}-{theme}-{width}.png", README_FOLDER / f"{name}.png")
    sys.stdout.write(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}\n")


if __name__ == "__main__":
    main()
