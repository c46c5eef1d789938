"""Takes pictures of every page into var/screenshots: python -m tests.screenshots (make screenshots).

Both languages, light and dark, a desk and a phone; --readme also renews the pictures in docs/images.
"""

import shutil
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright

from tests.browser import chromium
from tests.browser.person import Person
from tests.browser.scenes import Scene, prepare_scenes
from tests.cast import ALICE, BOB, CAROL, DAN, EVE
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
        _photograph(browser, stack, prepare_scenes(browser, stack))
        browser.close()
    if "--readme" in sys.argv:
        README_FOLDER.mkdir(parents=True, exist_ok=True)
        for name, look in README.items():
            language, theme, width, scene = look
            shutil.copy(FOLDER / f"{scene}-{language}-{theme}-{width}.png", README_FOLDER / f"{name}.png")
    sys.stdout.write(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}\n")


if __name__ == "__main__":
    main()
