"""The whole job in a real browser against the real demo: asked, approved, run, found in the audit log; ja and en.

Against a demo of its own, or against the one that the RUNNING_DEMO_ variables name (see CONTRIBUTING.md).
"""

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import Browser, expect

from tests.browser.person import Person
from tests.cast import ALICE, BOB, CAROL
from tests.demo_stack import DemoStack, RunningStack, Stack
from tests.sandbox_process import PRODUCTION

pytestmark = pytest.mark.xdist_group("demo")
PASSWORD = "Correct-Horse-7"
WORDS = {
    "en-US": {
        "completed": "Completed",
        "kept": "is kept as an unattached disk",
        "deleted": "will be deleted and cannot be recovered",
    },
    "ja-JP": {"completed": "完了", "kept": "保持", "deleted": "復元できません"},
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    if running := RunningStack.named_by(os.environ):
        yield running
        return
    with DemoStack(tmp_path_factory.mktemp("story")) as demo:
        yield demo


class Azure:
    """The sandbox's own account of what happened: the oracle."""

    def __init__(self, stack: Stack) -> None:
        self._url = f"{stack.sandbox_url}/_sandbox"

    def begin(self) -> None:
        """The ledger empty, and deleteOption as the story finds it, whatever was done with this demo before."""
        requests.delete(f"{self._url}/requests", timeout=10).raise_for_status()
        for machine, delete_option in (("web-02", "Detach"), ("web-03", "Delete")):
            patch = {"patch": {"delete_option": delete_option}}
            requests.post(self._address_of(machine), json=patch, timeout=10).raise_for_status()

    def ledger(self, machine: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = requests.get(f"{self._url}/requests", params={"vm": machine}, timeout=10).json()
        return [entry for entry in found if entry["method"] in ("PATCH", "POST") and entry["accepted"]]

    def os_disk(self, machine: str) -> str:
        return str(requests.get(self._address_of(machine), timeout=10).json()["os_disk_id"])

    def _address_of(self, machine: str) -> str:
        return f"{self._url}/virtual-machines/{PRODUCTION}/rg-web/{machine}"

    def fate(self, disk: str) -> str:
        disks = requests.get(f"{self._url}/disks", timeout=10).json()
        return next((str(found["fate"]) for found in disks if found["id"] == disk), "unknown")

    def hurry(self) -> None:
        requests.post(f"{self._url}/clock", json={"advance_seconds": 60}, timeout=10).raise_for_status()


@pytest.mark.parametrize("locale", ["en-US", "ja-JP"])
def test_three_machines_from_request_to_audit(browser: Browser, stack: Stack, locale: str) -> None:
    azure, words, japanese = Azure(stack), WORDS[locale], locale == "ja-JP"
    azure.begin()
    before = {name: azure.os_disk(name) for name in ("web-01", "web-02", "web-03")}

    alice = Person.sign_in(browser, stack, ALICE, locale=locale)
    alice.choose_machines("web-01", "web-02", "web-03")
    alice.settings_of("web-01").locator("[name$=temp_disk]").check()
    for field in ("admin_password", "admin_password_again"):
        alice.settings_of("web-02").locator(f"[name$='-{field}']").fill(PASSWORD)
    if japanese:
        alice.settings_of("web-02").locator("[name$=delete_option]").select_option("Delete")
        alice.settings_of("web-03").locator("[name$=delete_option]").select_option("Detach")
    page = alice.review("The disk image is corrupt.")
    expect(page.locator("main")).to_contain_text(words["kept"])
    expect(page.locator("main")).to_contain_text(words["deleted"])
    assert PASSWORD not in page.content()
    number = alice.confirm("reimage 3")

    Person.sign_in(browser, stack, BOB, locale=locale).approve(number)
    expect(alice.page.locator("#progress")).to_contain_text("web-02", timeout=60_000)
    azure.hurry()
    expect(alice.page.locator("#request-state")).to_contain_text(words["completed"], timeout=60_000)

    bodies = {}
    for name in before:
        calls = azure.ledger(name)
        changed = japanese and name != "web-01"
        assert [call["method"] for call in calls] == (["PATCH", "POST"] if changed else ["POST"])
        assert {call["api_version"] for call in calls} == {"2024-07-01"}
        bodies[name] = calls[-1]["body"]
    assert bodies["web-01"] == {"tempDisk": True}
    assert list(bodies["web-02"]) == ["osProfile"]
    assert list(bodies["web-02"]["osProfile"]) == ["adminPassword"]
    assert bodies["web-03"] is None
    assert azure.os_disk("web-01") == before["web-01"]
    kept, deleted = ("web-03", "web-02") if japanese else ("web-02", "web-03")
    assert (azure.fate(before[kept]), azure.fate(before[deleted])) == ("kept", "deleted")

    carol = Person.sign_in(browser, stack, CAROL, locale=locale)
    page = carol.open(f"/requests/{number}/")
    # Submitted, approved, finished; each machine checked, intended, accepted, ended, verified; each change thrice.
    expect(page.locator("#timeline li")).to_have_count(3 + 3 * 5 + (2 * 3 if japanese else 0))
    # A long timeline is folded on the page; its first event is the request with the warnings.
    carol.open(str(page.locator("#timeline a").first.get_attribute("href")))
    expect(page.locator("main")).to_contain_text(words["kept"])
    expect(page.locator("main")).to_contain_text(words["deleted"])
    for person in (alice, carol):
        person.context.close()


def test_the_demos_files_hold_no_password(stack: Stack) -> None:
    files = [file for file in stack.folder.rglob("*") if file.is_file()]
    assert any(file.suffix == ".sqlite3" for file in files)
    spelled = [PASSWORD.encode(), base64.b64encode(PASSWORD.encode()), quote(PASSWORD).encode()]
    assert not [file for file in files for needle in spelled if needle in _content_of(file)]


def _content_of(file: Path) -> bytes:
    """Nothing, where a worker took the message meanwhile that the file was."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
