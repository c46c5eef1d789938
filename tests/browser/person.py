"""What one of the cast does in a browser. Finds things by name, never by words, so that it works in every language."""

import re
from dataclasses import dataclass
from typing import Self

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.cast import Part
from tests.demo_stack import Stack


@dataclass
class Person:
    """A signed-in person with a browser of their own."""

    stack: Stack
    context: BrowserContext
    page: Page

    @classmethod
    def sign_in(cls, browser: Browser, stack: Stack, part: Part, **options: object) -> Self:
        """Through the real sign-in; options are those of a new browser context, such as locale or color_scheme."""
        context = browser.new_context(**options)
        page = context.new_page()
        page.goto(f"{stack.url}/sign-in")
        page.locator("main form button[type=submit]").click()
        page.get_by_role("button", name=part.display_name).click()
        expect(page).to_have_url(f"{stack.url}/")
        return cls(stack, context, page)

    def open(self, path: str) -> Page:
        """Goes to one of the portal's pages."""
        self.page.goto(f"{self.stack.url}{path}")
        return self.page

    def choose_machines(self, *names: str) -> Page:
        """Ticks machines in the picker and goes on to the form."""
        page = self.open("/machines/")
        for name in names:
            page.get_by_role("checkbox", name=name, exact=True).check()
        page.locator("button[formaction='/requests/new']").click()
        expect(page.locator("form[action='/requests/new']")).to_be_visible()
        return page

    def settings_of(self, machine: str) -> Locator:
        """The part of the form that belongs to a machine."""
        return self.page.locator("form[action='/requests/new'] section").filter(has_text=machine)

    def review(self, justification: str) -> Page:
        """Gives the reason and goes on to the plan."""
        self.page.locator("[name=justification]").fill(justification)
        self.page.locator("form[action='/requests/new'] button[type=submit]").click()
        expect(self.page).to_have_url(re.compile(r"/requests/\d+/review$"))
        return self.page

    def confirm(self, phrase: str) -> int:
        """Types the confirmation, accepts the loss of disks if asked, and sends; the request's number."""
        self.page.locator("[name=confirmation]").fill(phrase)
        tick = self.page.locator("[name=accepts_disk_deletion]")
        if tick.count():
            tick.check()
        self.page.locator("form[action$='/review'] button[type=submit]").click()
        expect(self.page).to_have_url(re.compile(r"/requests/\d+/$"))
        return int(self.page.url.rstrip("/").rpartition("/")[2])

    def approve(self, number: int) -> Page:
        """Opens the request from the inbox and approves it."""
        page = self.open("/approvals/")
        page.locator(f"main a[href='/requests/{number}/']").first.click()
        page.locator("form[action$='/approve'] button[type=submit]").click()
        expect(page.locator("form[action$='/approve']")).to_have_count(0)
        return page
