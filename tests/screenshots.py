"""Takes pictures of every page into var/screenshots: python -m tests.screenshots (make screenshots).

Both languages, light and dark, a desk and a phone; --readme also renews the pictures in docs/images.
"""

import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import chromium
from tests.browser.person import Person
from tests.browser.scenes import Scene, prepare_scenes
from tests.cast import ALICE, BOB, CAROL, DAN, EVE
from tests.demo_stack import ROOT, DemoStack

FOLDER = ROOT / "var" / "screenshots"
README_FOLDER = ROOT / "docs" / "images"
WIDTHS = {"desk": 1280, "phone": 390}
# What the README shows: the picture of a scene in one look, and its name there.
README = {
    "request-to-decide-en-light-desk": "decision",
    "machines-en-light-desk": "machines",
    "request-ended-en-light-desk": "progress",
    "new-request-with-errors-ja-dark-desk": "form",
    "audit-event-en-light-desk": "audit",
}


def _looks() -> Iterator[tuple[str, str, str]]:
    yield from product(("en", "ja"), ("light", "dark"), WIDTHS)


def _photograph(browser: Browser, stack: DemoStack, scenes: list[Scene], *, for_readme: bool) -> None:
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
                page, look = person.open(scene.path), f"{language}-{theme}-{width}"
                _save(page, f"{scene.name}-{look}", for_readme=for_readme)
                if scene.name == "new-request":
                    page.locator("form[action='/requests/new'] button[type=submit]").click()
                    _save(page, f"new-request-with-errors-{look}", for_readme=for_readme)
        person.context.close()


def _save(page: Page, name: str, *, for_readme: bool) -> None:
    """The whole page; for the README what a window shows of it."""
    page.screenshot(path=FOLDER / f"{name}.png", full_page=True)
    if for_readme and name in README:
        page.screenshot(path=README_FOLDER / f"{README[name]}.png")


def main() -> None:
    """Starts a demo of its own, so that pictures never show what somebody else did."""
    for_readme = "--readme" in sys.argv
    for folder in (FOLDER, README_FOLDER):
        folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder, DemoStack(Path(folder)) as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium.launch_options())
        _photograph(browser, stack, prepare_scenes(browser, stack), for_readme=for_readme)
        browser.close()
    sys.stdout.write(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}\n")


if __name__ == "__main__":
    main()
