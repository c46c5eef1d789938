"""Follows every link that one person finds, from the start page on, and keeps what is wrong with what it leads to.

Of each kind of page the first two are drawn by the browser; the others are asked for, and their answers judged.
"""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qs, urldefrag, urlsplit

from django.urls import Resolver404, resolve
from playwright.sync_api import Error, Page

from tests.test_access_matrix import CAST, MATRIX

DRAWN_OF_A_KIND = 2
MOST_ADDRESSES = 400  # a page that makes up addresses without end is a fault too
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy violated: ${event.effectiveDirective} ${event.blockedURI}`));
"""
LINKS = """() => ({
  hrefs: [...document.querySelectorAll("a[href]")].map((link) => link.href),
  mayLeave: document.querySelector("form[action='/sign-out']") !== null,
  dead: [...document.querySelectorAll("a[href^='#']")].map((link) => link.getAttribute("href"))
    .filter((target) => !document.getElementById(target.slice(1))),
})"""
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'",
    "reporting-endpoints": "csp=",
    "content-type": "/",
}
# Asked by the pages themselves, by machines, or reached from Entra ID; no link leads there.
UNLINKED = {
    "reimage:request-progress",
    "reimage:request-image-versions",
    "identity:signed-out",
    "healthz",
    "metrics",
}


def pages_of(who: str) -> set[str]:
    """The routes that the access matrix opens to one of the cast."""
    column = CAST.index(who)
    return {route for route, row in MATRIX.items() if row.get.split()[column] == "200"} - UNLINKED


@dataclass
class Crawl:
    """One person's walk. `reached` are the names of routes, `faults` sentences; both for the test to judge."""

    page: Page
    portal: str
    is_signed_in: bool
    reached: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    _due: deque[str] = field(default_factory=deque)
    _drawn: Counter[str] = field(default_factory=Counter)

    def walk(self, *starts: str) -> Self:
        """Returns when no link is left."""
        self.page.add_init_script(REPORT_VIOLATIONS)
        self.page.on("console", lambda message: self._complain(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self._complain(str(error)))
        self.page.on("request", lambda request: self._notice(request.url))
        for start in starts:
            self._find(self.portal + start)
        while self._due:
            self._follow(self._due.popleft())
        return self

    def _notice(self, address: str) -> None:
        if not address.startswith((f"{self.portal}/", "data:")):
            self._complain(f"{address} was asked for, which is another origin")
        if address.endswith("/csp-report"):
            self._complain("a violation was reported")

    def _find(self, address: str) -> None:
        address = urldefrag(address).url
        if not address.startswith(f"{self.portal}/"):
            if urlsplit(address).scheme not in ("https", "mailto"):
                self._complain(f"{address} is a way out without https")
        elif address not in self.seen and len(self.seen) < MOST_ADDRESSES:
            self.seen.add(address)
            self._due.append(address)
        elif len(self.seen) >= MOST_ADDRESSES:
            self._complain("addresses without end")

    def _follow(self, address: str) -> None:
        route, kind = self._kind_of(address)
        self.reached.add(route)
        self._drawn[kind] += 1
        if self._drawn[kind] > DRAWN_OF_A_KIND or not self._draw(address):
            answer = self.page.context.request.get(address)
            self._judge(address, answer.status, answer.headers)

    def _draw(self, address: str) -> bool:
        """Whether it is a page at all, and no download."""
        try:
            answer = self.page.goto(address)
        except Error as error:
            if "Download is starting" in str(error):
                return False
            raise
        if answer is not None:
            self._judge(address, answer.status, answer.headers)
            if answer.status != 200:
                return True  # its links are those of every page
        found = self.page.evaluate(LINKS)
        if self.is_signed_in and not found["mayLeave"]:
            self._complain(f"{address} has no button to sign out")
        for target in found["dead"]:
            self._complain(f"{address} leads to {target}, which is not there")
        for href in found["hrefs"]:
            self._find(href)
        return True

    def _judge(self, address: str, status: int, headers: Mapping[str, str]) -> None:
        if status != 200:
            self._complain(f"{address} answers {status}")
        wanted = HEADERS | ({"cache-control": "no-store"} if self.is_signed_in else {})
        for name, value in wanted.items():
            if value not in headers.get(name, ""):
                self._complain(f"{address} says {name}: {headers.get(name)}")

    def _kind_of(self, address: str) -> tuple[str, str]:
        parts = urlsplit(address)
        try:
            route = resolve(parts.path).view_name
        except Resolver404:
            route = f"no route: {parts.path}"
        return route, f"{route} {sorted(parse_qs(parts.query))}"

    def _complain(self, fault: str) -> None:
        self.faults.append(f"{fault} (at {self.page.url})" if "http" not in fault else fault)


def assert_sound(walk: Crawl, who: str) -> None:
    """No fault on the way, and nothing left out of what the access matrix opens to them."""
    assert walk.faults == []
    assert pages_of(who) - walk.reached == set()
