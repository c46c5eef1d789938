"""Leaving a page that the browser keeps, to show it again as it was left."""

from playwright.sync_api import Page


def leave(page: Page) -> None:
    """What the browser tells the page then: https://html.spec.whatwg.org/#event-pagehide"""
    page.evaluate("() => { dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true})); }")
