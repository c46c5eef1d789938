"""What every answer says, and how cookies are set, where the portal is served over https."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from portal.identity.models import User
from tests.cast import client_of
from tests.served_environment import served_environment

SHOW = """
import json
from portal import settings as s
names = ("DEBUG", "HTTPS", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS",
    "SECURE_HSTS_PRELOAD",
    "SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY", "SESSION_COOKIE_SAMESITE",
    "CSRF_COOKIE_NAME", "CSRF_COOKIE_SECURE", "CSRF_COOKIE_HTTPONLY", "LANGUAGE_COOKIE_NAME", "LANGUAGE_COOKIE_SECURE",
    "LANGUAGE_COOKIE_SAMESITE", "THEME_COOKIE_NAME", "TIME_ZONE_COOKIE_NAME", "MESSAGES_COOKIE_NAME",
    "PASSWORD_VIEW_COOKIE_NAME")
print(json.dumps({name: getattr(s, name) for name in names}))
"""


@pytest.fixture(scope="module")
def served() -> dict[str, Any]:
    """The settings of an imagined installation on https, from a process of its own."""
    import os

    environment = served_environment(dict(os.environ)) | {"DEBUG": "1", "DJANGO_DEBUG": "1"}
    ran = subprocess.run([sys.executable, "-c", SHOW], env=environment, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.mark.asvs("V3.3.1", "V3.3.3", "V3.3.4")
def test_over_https_every_cookie_is_ours_alone(served: dict[str, Any]) -> None:
    names = [value for name, value in served.items() if name.endswith("COOKIE_NAME")]
    assert len(names) == 7
    assert all(name.startswith("__Host-") for name in names)
    assert served["SESSION_COOKIE_SECURE"]
    assert served["CSRF_COOKIE_SECURE"]
    assert served["LANGUAGE_COOKIE_SECURE"]
    assert served["SESSION_COOKIE_HTTPONLY"]
    assert served["CSRF_COOKIE_HTTPONLY"]


@pytest.mark.asvs("V12.2.1")
def test_it_is_served_over_https_alone(served: dict[str, Any]) -> None:
    assert served["SECURE_SSL_REDIRECT"]


@pytest.mark.asvs("V3.4.1")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/machines/", 200),
        ("/requests", 301),
        ("/nothing-like-this", 404),
        ("/theme", 405),
        ("/requests/", 500),
        ("/healthz", 200),
        ("/static/sheet.css", 200),
    ],
)
def test_every_answer_over_https_binds_browsers_to_it_for_two_years(
    served: dict[str, Any],
    alice: User,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    status: int,
) -> None:
    monkeypatch.setattr("reimage.selectors.reimage_requests_visible_to", None)  # that list breaks down
    for name in ("SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_HSTS_PRELOAD"):
        setattr(settings, name, served[name])
    (settings.STATIC_ROOT / "sheet.css").write_text("a { color: red }")
    browser = client_of(alice)
    browser.raise_request_exception = False
    answer = browser.get(path, secure=True)
    assert answer.status_code == status
    assert answer["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains; preload"
    answer.close()


@pytest.mark.asvs("V13.4.2")
def test_no_variable_turns_debugging_on(served: dict[str, Any]) -> None:
    assert served["DEBUG"] is False


PAGE = r"text/(html; charset=utf-8|plain)"
PATHS = ["/", "/sign-in", "/requests/999999/", "/nothing-like-this", "/healthz", "/theme", "/static/sheet.css"]


@pytest.fixture(params=PATHS)
def answer(request: pytest.FixtureRequest, alice: User, settings: Settings) -> Iterator[HttpResponse]:
    """Pages, a fragment's refusal, a page that is not there, a probe, a wrong verb, a static file."""
    (settings.STATIC_ROOT / "sheet.css").write_text("a { color: red }")
    response: HttpResponse = client_of(alice).get(request.param)
    yield response
    response.close()


@pytest.mark.asvs("V3.4.2", "V3.4.4", "V3.4.5", "V3.4.6", "V4.1.1")
def test_every_answer_says_how_it_may_be_used(answer: HttpResponse) -> None:
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "unsafe" not in policy
    assert not answer.has_header("Access-Control-Allow-Origin")
    assert answer.streaming or not answer.content or re.fullmatch(PAGE, answer["Content-Type"])


@pytest.mark.asvs("V14.2.2", "V14.3.2")
@pytest.mark.parametrize("path", ["/", "/machines/", "/requests/", "/requests/999999/", "/approvals/"])
def test_a_page_of_somebody_signed_in_is_not_stored(alice: User, path: str) -> None:
    assert "no-store" in client_of(alice).get(path)["Cache-Control"]


@pytest.mark.asvs("V3.3.2")
def test_every_cookie_stays_on_its_site(alice: User) -> None:
    client = client_of(alice)
    answers = [
        client.get("/machines/"),
        client.post("/theme", {"theme": "dark"}),
        client.post("/settings/language", {"language": "ja"}),
        client.post("/settings/time-zone", {"time_zone": "Asia/Tokyo"}),
    ]
    cookies = {name: morsel for response in answers for name, morsel in response.cookies.items()}
    assert {"theme", "language", "time_zone"} <= set(cookies)
    assert {morsel["samesite"] for morsel in cookies.values()} == {"Lax"}
    assert {morsel["path"] for morsel in cookies.values()} == {"/"}
    assert {morsel["domain"] for morsel in cookies.values()} == {""}


@pytest.mark.asvs("V3.3.1")
def test_over_https_each_cookie_that_is_set_is_secure(alice: User, settings: Settings) -> None:
    settings.HTTPS = settings.SESSION_COOKIE_SECURE = settings.LANGUAGE_COOKIE_SECURE = True
    settings.CSRF_COOKIE_SECURE = True
    client = client_of(alice)
    answers = [
        client.post("/theme", {"theme": "dark"}, secure=True),
        client.post("/settings/language", {"language": "ja"}, secure=True),
        client.post("/settings/time-zone", {"time_zone": "Asia/Tokyo"}, secure=True),
        client.get("/machines/", secure=True),
    ]
    cookies = {name: morsel for response in answers for name, morsel in response.cookies.items()}
    assert {"theme", "language", "time_zone", "csrf"} <= set(cookies)
    assert [name for name, morsel in cookies.items() if not morsel["secure"]] == []


@pytest.mark.asvs("V7.2.3")
def test_a_session_key_is_long_and_never_the_same(alice: User) -> None:
    keys = {client_of(alice).session.session_key for _ in range(3)}
    assert len(keys) == 3
    assert all(re.fullmatch(r"[a-z0-9]{32}", str(key)) for key in keys)  # 36 to the 32nd: 165 bits


@pytest.mark.asvs("V7.4.4")
@pytest.mark.parametrize("path", ["/", "/machines/", "/requests/", "/approvals/", "/nothing-like-this"])
def test_every_page_has_a_way_to_sign_out(alice: User, path: str) -> None:
    assert 'action="/sign-out"' in client_of(alice).get(path).content.decode()


@pytest.mark.asvs("V13.4.4")
def test_trace_is_refused(alice: User) -> None:
    assert {client_of(alice).trace(path).status_code for path in ("/", "/machines/", "/healthz")} == {405}


@pytest.mark.asvs("V13.4.1", "V13.4.3")
@pytest.mark.parametrize("path", ["/static/", "/static/css/", "/.git/config", "/static/../manage.py", "/.env"])
def test_only_single_static_files_are_served(client: Client, db: None, settings: Settings, path: str) -> None:
    (settings.STATIC_ROOT / "css").mkdir(exist_ok=True)
    response = client.get(path)
    assert response.status_code in (302, 404)
    assert "execute_from_command_line" not in response.content.decode()


@pytest.mark.asvs("V16.5.1")
def test_an_unexpected_error_shows_nothing_of_itself(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("password=Correct-Horse-7 SELECT * FROM secrets")

    monkeypatch.setattr("reimage.selectors.reimage_requests_visible_to", break_down)
    client = client_of(alice)
    client.raise_request_exception = False
    response = client.get("/requests/")
    assert response.status_code == 500
    text = response.content.decode()
    assert response["X-Request-ID"] in text
    assert not any(word in text for word in ("Correct-Horse", "SELECT", "RuntimeError", "Traceback", "selectors"))
