"""Every page with something on it: who looks at it and where it is, after one demo story. For pictures and checks."""

from dataclasses import dataclass
from datetime import UTC, datetime

import requests
from playwright.sync_api import Browser

from tests.browser.person import Person
from tests.cast import ALICE, BOB, CAROL, DAN, EVE, Part
from tests.demo_stack import DemoStack

WATCHED = ("batch-02", "web-04", "batch-01")
TODAY = f"{datetime.now(UTC):%Y-%m-%d}"
# Two lines, and a word without a place to break.
UNWIELDY = f"The disk image is corrupt: INC-7.\n{'vhd' * 20}"


@dataclass(frozen=True)
class Scene:
    """A page, who looks at it, and where it is."""

    name: str
    part: Part
    path: str


def prepare_scenes(browser: Browser, stack: DemoStack) -> list[Scene]:
    """Makes one request that ended, one that needs an administrator, one that waits, one canceled, and one draft."""
    Person.sign_in(browser, stack, BOB).context.close()
    alice = Person.sign_in(browser, stack, ALICE)
    alice.open("/machines/")
    boxes = {name: alice.page.get_by_role("checkbox", name=name, exact=True) for name in WATCHED}
    ids = {name: box.get_attribute("value") for name, box in boxes.items()}
    ended = _ask(alice, "web-01", "web-02", reason="Both hosts fail their integrity check.")
    Person.sign_in(browser, stack, BOB).approve(ended)
    _run_to_the_end(alice, stack)
    case = _leave_unsettled(alice, stack, browser)
    waiting = _ask(alice, "web-02", "web-03", reason="The disk image is corrupt.")
    _ask(alice, "batch-01", reason=UNWIELDY)
    alice.page.locator("form[action$='/cancel'] button[type=submit]").click()
    alice.page.wait_for_selector("form[action$='/cancel']", state="detached")
    alice.choose_machines("web-04")
    draft = alice.review("Practice before the maintenance window.").url.removeprefix(stack.url)
    alice.open(f"/requests/{ended}/")
    operation = alice.page.locator("#progress a[href*='/operations/']").first.get_attribute("href")
    carol = Person.sign_in(browser, stack, CAROL)
    event = carol.open(f"/requests/{ended}/").locator("#timeline a").first.get_attribute("href")
    return [
        Scene("my-work", ALICE, "/"),
        Scene("my-work-approver", BOB, "/"),
        Scene("no-access", EVE, "/"),
        Scene("machines", ALICE, "/machines/"),
        Scene("machines-none-found", ALICE, "/machines/?q=nothing-like-this"),
        Scene("machine", ALICE, f"/machines/{ids['batch-01']}/"),
        Scene("new-request", ALICE, f"/requests/new?vm={ids['batch-02']}&vm={ids['web-04']}"),
        Scene("review", ALICE, draft),
        Scene("requests", ALICE, "/requests/"),
        Scene("request-waiting", ALICE, f"/requests/{waiting}/"),
        Scene("request-ended", ALICE, f"/requests/{ended}/"),
        Scene("operation", ALICE, str(operation)),
        Scene("operation-audited", CAROL, str(operation)),
        Scene("approvals", BOB, "/approvals/"),
        Scene("request-to-decide", BOB, f"/requests/{waiting}/"),
        Scene("audit", CAROL, "/audit/"),
        Scene(
            "audit-filtered", CAROL, "/audit/?target=web-02&outcome=success&occurred_from=2020-01-01&delete_warning=on"
        ),
        Scene("audit-senseless", CAROL, "/audit/?actor=alice&occurred_from=yesterday"),
        Scene("audit-event", CAROL, str(event)),
        Scene("request-audited", CAROL, f"/requests/{ended}/"),
        Scene("sample", CAROL, "/audit/sample"),
        Scene("sample-drawn", CAROL, f"/audit/sample?first_day=2020-01-01&last_day={TODAY}&size=3&seed=a1b2&zone=UTC"),
        Scene("attention", DAN, "/attention/"),
        Scene("attention-case", DAN, case),
        Scene("attention-case-to-read", CAROL, case),
        Scene("execution", DAN, "/execution/"),
        Scene("access", DAN, "/access/"),
        Scene("sessions", ALICE, "/settings/sessions"),
        Scene("people-signed-in", DAN, "/sessions/"),
        Scene("not-allowed", EVE, "/access/"),
        Scene("not-found", EVE, "/requests/99999/"),
    ]


def _leave_unsettled(alice: Person, stack: DemoStack, browser: Browser) -> str:
    """A reimage of which nobody knows whether it took place; where Dan finds its evidence."""
    fault = {"fault": "foreign_operation_host", "match": {"verb": "POST", "vm": "web-01"}}
    requests.post(f"{stack.sandbox_url}/_sandbox/faults", json=fault, timeout=10).raise_for_status()
    number = _ask(alice, "web-01", reason="It does not start any more.")
    Person.sign_in(browser, stack, BOB).approve(number)
    alice.page.wait_for_selector("#progress .attention", timeout=60_000)
    dan = Person.sign_in(browser, stack, DAN)
    return str(dan.open(f"/requests/{number}/").locator("#progress .attention a").get_attribute("href"))


def _ask(alice: Person, *names: str, reason: str) -> int:
    alice.choose_machines(*names)
    alice.review(reason)
    return alice.confirm(names[0] if len(names) == 1 else f"reimage {len(names)}")


def _run_to_the_end(alice: Person, stack: DemoStack) -> None:
    """Hurries the sandbox's clock along as soon as Azure is at it."""
    alice.page.wait_for_selector("#progress:has-text('web-02')", timeout=20_000)
    requests.post(f"{stack.sandbox_url}/_sandbox/clock", json={"advance_seconds": 60}, timeout=10).raise_for_status()
    alice.page.wait_for_selector("#progress:not([hx-get])", timeout=60_000)
