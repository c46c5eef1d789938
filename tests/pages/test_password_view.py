"""The page that shows a generated password: two presses of its requester, no GET, no second time."""

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage import execution_selectors
from reimage.models import PasswordView, ReimageOperation, SealedSecret
from reimage.services import view_keys
from reimage.services.sealing_keys import SUITE
from reimage.services.secrets import binding
from reimage.services.view_answers import answer_views
from tests.cast import client_of
from tests.pages.reading import form_actions, source, words
from tests.passwords import GENERATED, seen_by_azure
from tests.sandbox_process import SandboxProcess
from tests.stories import approved, run


@pytest.fixture
def ended(azure: SandboxProcess, alice: User, bob: User, settings: Any) -> ReimageOperation:
    settings.PASSWORD_MODE = "generated"
    return run(approved(alice, bob, "web-02", parameters=GENERATED), azure).operations.get()


def path_of(operation: ReimageOperation) -> str:
    return f"/requests/{operation.reimage_request_id}/operations/{operation.pk}/password"


def prepared(person: User, operation: ReimageOperation) -> Client:
    """A browser in which the button was pressed once, and the worker has answered."""
    browser = client_of(person)
    assert browser.post(path_of(operation))["Location"] == path_of(operation)
    answer_views(now=timezone.now())
    return browser


def password_in(page: HttpResponse) -> str:
    """What the page's one read-only field holds."""
    field = source(page).partition('id="shown-password"')[2].partition(">")[0]
    return unescape(field.partition('value="')[2].partition('"')[0])


def test_two_presses_show_what_azure_got(ended: ReimageOperation, azure: SandboxProcess, alice: User) -> None:
    browser = client_of(alice)
    assert "It is shown once, to you alone" in words(browser.get(path_of(ended)))
    browser.post(path_of(ended))
    waiting = browser.get(path_of(ended))
    assert "The worker opens it for this browser." in words(waiting)
    assert f'hx-get="{path_of(ended)}"' in source(waiting)
    assert path_of(ended) not in form_actions(waiting)
    answer_views(now=timezone.now())
    assert "It is ready." in words(browser.get(path_of(ended)))
    page = browser.post(path_of(ended))
    assert page.status_code == 200
    assert seen_by_azure(azure, password_in(page))
    assert "no-store" in page["Cache-Control"]
    assert "It was shown to you, once" in words(browser.get(path_of(ended)))
    assert not SealedSecret.objects.exists()


def test_another_method_is_refused(ended: ReimageOperation, alice: User) -> None:
    assert client_of(alice).put(path_of(ended), {}).status_code == 405
    assert not PasswordView.objects.exists()


def test_looking_and_prefetching_spend_nothing(ended: ReimageOperation, alice: User) -> None:
    browser = prepared(alice, ended)
    events = AuditEvent.objects.count()
    for _number in range(3):
        for method in (browser.get, browser.head):
            assert method(path_of(ended), headers={"Sec-Purpose": "prefetch"}).status_code == 200
    assert "data-secret" not in source(browser.get(path_of(ended)))
    assert AuditEvent.objects.count() == events
    assert password_in(browser.post(path_of(ended)))


@pytest.mark.parametrize("who", ["bob", "carol", "dan"])
def test_whoever_else_sees_the_request_is_told_why_not(
    ended: ReimageOperation, who: str, request: pytest.FixtureRequest
) -> None:
    browser = client_of(request.getfixturevalue(who))
    for answer in (browser.get(path_of(ended)), browser.post(path_of(ended))):
        assert answer.status_code == 403
        assert "for the person who asked for it alone" in words(answer)
    page = browser.get(f"/requests/{ended.reimage_request_id}/")
    assert path_of(ended) not in source(page)


def test_a_stranger_finds_nothing(ended: ReimageOperation, eve: User) -> None:
    assert client_of(eve).get(path_of(ended)).status_code == 404
    assert client_of(eve).post(path_of(ended)).status_code == 404


def test_a_second_time_is_a_conflict_that_says_when(ended: ReimageOperation, alice: User) -> None:
    browser = prepared(alice, ended)
    shown = password_in(browser.post(path_of(ended)))
    again = browser.post(path_of(ended))
    assert again.status_code == 409
    assert "was already shown, to Alice Aoki at" in words(again)
    assert shown not in source(again)
    assert AuditEvent.objects.filter(action="generated_password.requested_again").count() == 1


def no_text() -> bytes:
    """Sealed as it should be, which whoever reads the row can do."""
    operation = ReimageOperation.objects.select_related("reimage_request__requester").get()
    recipient = X25519PublicKey.from_public_bytes(bytes(PasswordView.objects.get().public_key))
    return SUITE.encrypt(b"\xff", recipient, info=binding(operation, operation.reimage_request, view_keys.PURPOSE))


def test_what_was_tampered_with_is_told_and_can_be_asked_for_anew(
    ended: ReimageOperation, azure: SandboxProcess, alice: User
) -> None:
    browser = prepared(alice, ended)
    for forge in (lambda: b"", lambda: b"x" * 80, no_text):
        PasswordView.objects.update(ciphertext=forge())
        answer = browser.post(path_of(ended))
        assert answer.status_code == 409
        assert "is damaged and cannot be shown" in words(answer)
        assert not PasswordView.objects.exists()
        refusal = AuditEvent.objects.latest("pk")
        assert (refusal.action, refusal.target_id) == ("access.refused", path_of(ended))
        assert refusal.flag_names == ["wrong_state"]
        browser.post(path_of(ended))
        answer_views(now=timezone.now())
    assert seen_by_azure(azure, password_in(browser.post(path_of(ended))))


def test_another_browser_of_hers_has_to_ask_itself(ended: ReimageOperation, alice: User) -> None:
    first = prepared(alice, ended)
    other = client_of(alice)
    assert "It is shown once, to you alone" in words(other.get(path_of(ended)))
    other.cookies[f"password_view_{ended.pk}"] = "no base64 at all!"
    assert other.post(path_of(ended)).status_code == 302
    assert first.post(path_of(ended)).status_code == 302
    assert not PasswordView.objects.filter(seen_at__isnull=False).exists()


@pytest.mark.asvs("V7.5.3")
def test_an_old_sign_in_is_renewed_first(ended: ReimageOperation, alice: User) -> None:
    browser = prepared(alice, ended)
    session = browser.session
    session["identity.authenticated_at"] = int(timezone.now().timestamp()) - 3600
    session.save()
    assert "/sign-in/again" in browser.post(path_of(ended))["Location"]
    assert not PasswordView.objects.filter(seen_at__isnull=False).exists()


@pytest.mark.asvs("V7.3.1")
def test_looking_again_by_itself_extends_no_session(ended: ReimageOperation, alice: User) -> None:
    """No worker comes, and the page asks on."""
    with time_machine.travel(timezone.now(), tick=False) as clock:
        browser = client_of(alice)
        browser.post(path_of(ended))
        for status in [200] * 29 + [401]:
            clock.shift(timedelta(minutes=1))
            answer = browser.get(path_of(ended), headers={"HX-Request": "true"})
            assert answer.status_code == status
    assert "notice=expired" in answer["HX-Redirect"]


@pytest.mark.asvs("V3.3.2", "V3.3.4")
def test_the_key_is_a_cookie_that_scripts_and_other_sites_never_see(ended: ReimageOperation, alice: User) -> None:
    browser = client_of(alice)
    browser.post(path_of(ended))
    cookie = browser.cookies[f"password_view_{ended.pk}"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Strict", 600)
    answer_views(now=timezone.now())
    browser.post(path_of(ended))
    assert browser.cookies[f"password_view_{ended.pk}"].value == ""


def test_she_is_told_where_it_waits(ended: ReimageOperation, alice: User) -> None:
    browser = prepared(alice, ended)
    for address in ("/", f"/requests/{ended.reimage_request_id}/"):
        page = browser.get(address)
        assert path_of(ended) in source(page)
        assert "The new password of web-02 waits for you" in words(page)
    browser.post(path_of(ended))
    assert path_of(ended) not in source(browser.get("/"))


def test_before_the_end_and_after_the_term_the_page_says_so(
    azure: SandboxProcess, alice: User, bob: User, settings: Any
) -> None:
    settings.PASSWORD_MODE = "generated"
    operation = approved(alice, bob, "web-02", parameters=GENERATED).operations.get()
    browser = client_of(alice)
    assert "once the reimage has ended" in words(browser.get(path_of(operation)))
    assert browser.post(path_of(operation)).status_code == 409
    run(operation.reimage_request, azure)
    SealedSecret.objects.all().delete()
    assert "There is nothing to see" in words(browser.get(path_of(operation)))
    assert browser.post(path_of(operation)).status_code == 409


@pytest.mark.parametrize("trouble", [OperationalError("server closed the connection"), ZeroDivisionError()])
def test_a_page_that_cannot_be_made_spends_nothing(
    ended: ReimageOperation, azure: SandboxProcess, alice: User, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    """The navigation asks the database too, after the password was opened."""
    browser = prepared(alice, ended)
    browser.raise_request_exception = False

    def broken() -> None:
        raise trouble

    with monkeypatch.context() as moment:
        moment.setattr(execution_selectors, "current_pause", broken)
        answer = browser.post(path_of(ended))
    assert answer.status_code >= 500
    assert "data-secret" not in source(answer)
    assert not AuditEvent.objects.filter(action="generated_password.seen").exists()
    page = browser.post(path_of(ended))
    assert (page.status_code, "no-store" in page["Cache-Control"]) == (200, True)
    assert seen_by_azure(azure, password_in(page))
    assert browser.post(path_of(ended)).status_code == 409
    assert AuditEvent.objects.filter(action="generated_password.requested_again").count() == 1


@pytest.mark.asvs("V2.4.1")
def test_who_presses_too_often_waits(ended: ReimageOperation, alice: User, settings: Any) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"submission": 1}
    browser = client_of(alice)
    assert [browser.post(path_of(ended)).status_code for _ in range(2)] == [302, 429]
