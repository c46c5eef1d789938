"""When an answer that has arrived would be on the page."""

from playwright.sync_api import Page

TWO_FRAMES = "() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"


def wait_until_drawn(page: Page) -> None:
    """Two frames: what a script does with an answer is done by then, and drawn."""
    page.evaluate(TWO_FRAMES)
