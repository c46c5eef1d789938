"""People at browsers of their own: signed in through Entra ID, over HTTP, patient with a portal under fire."""

import re
import time
from collections.abc import Callable
from typing import TypeVar

import requests

from tests.cast import Part
from tests.chaos import canary

PATIENCE_SECONDS = 60
GLANCE_SECONDS = 0.2
NEW_REQUEST = "/requests/new"
FORM_COMES_BACK = frozenset({409, 422, 503})
_REQUEST = re.compile(r"/requests/(\d+)/")
Found = TypeVar("Found")


class UnansweredError(Exception):
    """The portal was down, or not able to do it right now: whether it was done is to be looked up."""


class Person:
    """One of the cast at a browser of their own. Not for two threads at once."""

    def __init__(self, part: Part, base_url: str) -> None:
        self.part = part
        self._base = base_url
        self._browser = requests.Session()
        self._browser.trust_env = False
        headers = {"Origin": base_url, "Referer": f"{base_url}/", "Sec-Fetch-Site": "same-origin"}
        self._browser.headers.update(headers)
        self.shown: list[str] = []  # pages on which a password or customData could be read

    def sign_in(self) -> None:
        """Through the account picker, with whatever patience it takes."""
        patiently(self._sign_in)

    def _sign_in(self) -> None:
        self._browser.cookies.clear()
        self._send("GET", "/sign-in")
        left = self.post("/sign-in", next="/")
        _, _, address = left.headers["Refresh"].partition("url=")
        back = self._browser.post(
            address, data={"person": str(self.part.object_id)}, allow_redirects=False, timeout=PATIENCE_SECONDS
        )
        here = self._send("GET", back.headers["Location"].removeprefix(self._base))
        if here.status_code != 302:
            raise UnansweredError(f"the sign-in of {self.part.display_name} ended with {here.status_code}")

    def get(self, path: str) -> requests.Response:
        """A page, whatever its status. Raises UnansweredError."""
        return self._send("GET", path)

    def post(self, path: str, **form: object) -> requests.Response:
        """A form as the page sends it. Raises UnansweredError where nobody can say whether it was done."""
        token = next((cookie.value for cookie in self._browser.cookies if cookie.name.endswith("csrf")), "")
        return self._send("POST", path, {**form, "csrfmiddlewaretoken": token})

    def _send(self, method: str, path: str, form: dict[str, object] | None = None) -> requests.Response:
        url = f"{self._base}{path}"
        try:
            answer = self._browser.request(method, url, data=form, allow_redirects=False, timeout=PATIENCE_SECONDS)
        except requests.RequestException as error:
            raise UnansweredError(type(error).__name__) from error
        if shows_secret(method, path, answer.status_code, answer.content):
            self.shown.append(f"the answer {answer.status_code} to {method} {path}")
        if answer.status_code >= 500 or answer.status_code == 429:
            raise UnansweredError(f"{method} {path}: {answer.status_code}")
        return answer

    def draft(self, form: dict[str, object]) -> int | None:
        """Fills in the form; the number of the draft, None where the portal refuses it (a machine is occupied)."""
        return _request_number(self.post(NEW_REQUEST, **form))

    def confirm(self, number: int, phrase: str) -> bool:
        """Sends the reviewed draft; False where the portal refuses it."""
        sent = self.post(f"/requests/{number}/review", confirmation=phrase, accepts_disk_deletion="on")
        return _request_number(sent) == number

    def decide(self, number: int, verb: str, **form: object) -> bool:
        """approve, reject or cancel; False where the portal refuses it."""
        return _request_number(self.post(f"/requests/{number}/{verb}", **form)) == number

    def close(self) -> None:
        self._browser.close()


def shows_secret(method: str, path: str, status: int, content: bytes) -> bool:
    """A form that could not be taken comes back as it was filled in: with customData, and without the password."""
    is_that_form = (method, path) == ("POST", NEW_REQUEST) and status in FORM_COMES_BACK
    return canary.found_in(content, canary.OF_PASSWORD if is_that_form else canary.WORDS)


def _request_number(answer: requests.Response) -> int | None:
    found = _REQUEST.search(answer.headers.get("Location", ""))
    return int(found[1]) if answer.status_code == 302 and found else None


def patiently(act: Callable[[], Found]) -> Found:
    """Tries again for as long as the portal gives no answer. Raises the last UnansweredError when patience ends."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return act()
        except UnansweredError:
            if time.monotonic() > deadline:
                raise
        time.sleep(GLANCE_SECONDS)
