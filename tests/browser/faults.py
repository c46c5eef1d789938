"""What is wrong with a page as it stands in the browser."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def faults_of(page: Page) -> list[str]:
    """What axe finds wrong, and whether the page is wider than its window."""
    result = Axe().run(page).response
    found = [f"{rule['id']}: {rule['nodes'][0]['target']}" for rule in result["violations"]]
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        found.append("wider than the window")
    if page.locator("h1").count() != 1:
        found.append("not one h1")
    return found
