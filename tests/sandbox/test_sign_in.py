"""Authorize: the account picker, and when it is not needed."""

import pytest

from tests.sandbox.client import TENANT
from tests.sandbox.sign_in import PEOPLE, Browser, sent_back


def test_the_picker_shows_everybody_with_their_part(browser: Browser) -> None:
    page = browser.authorize()
    assert page.status_code == 200
    for words in ("Alice Aoki", "Requests reimages", "Bob Baba", "Approves", "Carol Chiba", "Audits", "Dan Date"):
        assert words in page.text
    assert "not Microsoft" in page.text
    assert "<script" not in page.text


@pytest.mark.parametrize(
    ("ui_locales", "accept_language", "language"),
    [
        (None, "ja,en;q=0.5", "ja"),
        (None, "en-US,en", "en"),
        (None, "fr", "en"),
        ("en", "ja", "en"),
        ("ja-JP", "en", "ja"),
    ],
)
def test_the_picker_speaks_japanese_and_english(
    browser: Browser, ui_locales: str | None, accept_language: str, language: str
) -> None:
    browser.client.session.headers["Accept-Language"] = accept_language
    page = browser.authorize(ui_locales=ui_locales)
    assert f'<html lang="{language}">' in page.text
    assert ("アカウントを選択する" in page.text) is (language == "ja")


def test_picking_a_person_sends_a_code_and_the_state_back(browser: Browser) -> None:
    answer = sent_back(browser.pick("Alice"))
    assert answer["state"] == "state-1"
    assert answer["code"]


def test_cancel_sends_access_denied_back(browser: Browser) -> None:
    answer = sent_back(browser.pick("nobody"))
    assert answer["error"] == "access_denied"
    assert answer["state"] == "state-1"
    assert "code" not in answer


def test_who_is_signed_in_is_not_asked_again(browser: Browser) -> None:
    browser.pick("Alice")
    assert "code" in sent_back(browser.authorize())


@pytest.mark.parametrize("prompt", ["select_account", "login"])
def test_a_prompt_shows_the_picker_again(browser: Browser, prompt: str) -> None:
    browser.pick("Alice")
    assert browser.authorize(prompt=prompt).status_code == 200


def test_with_two_people_signed_in_it_asks_unless_a_hint_says_whom(browser: Browser) -> None:
    browser.pick("Alice")
    browser.pick("Bob")
    assert browser.authorize().status_code == 200
    code = sent_back(browser.authorize(login_hint="bob@example.com"))["code"]
    assert browser.verify(browser.redeem(code).json()["id_token"])["oid"] == PEOPLE["Bob"]


def test_a_login_hint_offers_that_person_only(browser: Browser) -> None:
    page = browser.authorize(login_hint="carol@example.com")
    assert "Carol Chiba" in page.text
    assert "Alice Aoki" not in page.text


def test_prompt_none_never_shows_a_page(browser: Browser) -> None:
    assert sent_back(browser.authorize(prompt="none"))["error"] == "login_required"
    browser.pick("Alice")
    assert "code" in sent_back(browser.authorize(prompt="none"))


def test_max_age_zero_asks_again_and_renews_the_sign_in(browser: Browser) -> None:
    first = browser.claims_of("Alice")["auth_time"]
    assert browser.authorize(max_age="0").status_code == 200
    assert browser.claims_of("Alice", prompt="login")["auth_time"] >= first
    assert "code" in sent_back(browser.authorize(max_age="3600"))


def test_sign_out_ends_the_session_and_goes_back(browser: Browser) -> None:
    browser.pick("Alice")
    url = f"{browser.sandbox.http_url}/{TENANT}/oauth2/v2.0/logout"
    back = "http://localhost:8000/signed-out"
    answer = browser.client.session.get(
        url, params={"post_logout_redirect_uri": back}, allow_redirects=False, timeout=10
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, back)
    assert browser.authorize().status_code == 200


@pytest.mark.parametrize("back", ["", "https://evil.example/", "javascript:alert(1)"])
def test_sign_out_goes_nowhere_foreign(browser: Browser, back: str) -> None:
    url = f"{browser.sandbox.http_url}/{TENANT}/oauth2/v2.0/logout"
    page = browser.client.session.get(url, params={"post_logout_redirect_uri": back}, timeout=10)
    assert page.status_code == 200
    assert "You signed out" in page.text


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "http://localhost.evil.example/callback"},
        {"redirect_uri": None},
        {"client_id": "c0000000-0000-4000-8000-000000000009"},
        {"tenant": "99999999-9999-4999-8999-999999999999"},
    ],
)
def test_an_untrustworthy_request_gets_a_page_and_no_redirect(browser: Browser, changes: dict[str, str | None]) -> None:
    assert browser.authorize(**changes).status_code == 400
    assert browser.pick("Alice", **changes).status_code == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_a_senseless_request_is_sent_back(browser: Browser, changes: dict[str, str | None], error: str) -> None:
    assert sent_back(browser.authorize(**changes))["error"] == error


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9/x", "http://[::1]:9/x", "https://localhost/x"])
def test_any_loopback_redirect_is_accepted(browser: Browser, uri: str) -> None:
    assert browser.pick("Alice", redirect_uri=uri).headers["Location"].startswith(f"{uri}?code=")
