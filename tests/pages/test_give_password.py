"""The page on which the requester gives the password, and where they and others are told that it is awaited."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone

from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.models import AccessGrant, GrantRole, ReimageRequest, SealedSecret, VirtualMachine
from reimage.services import pausing
from tests.cast import client_of
from tests.pages.reading import form_actions, source, words
from tests.passwords import AT_RELEASE, PASSWORD
from tests.sandbox_process import SandboxProcess
from tests.stories import approved, request_reimage

WEAK = "short"


@pytest.fixture
def awaiting(azure: SandboxProcess, alice: User, bob: User, settings: Any) -> ReimageRequest:
    settings.PASSWORD_MODE = "at_release"
    return approved(alice, bob, "web-02", "web-03", parameters=AT_RELEASE)


def path_of(reimage_request: ReimageRequest) -> str:
    return f"/requests/{reimage_request.pk}/password"


def give(person: User, reimage_request: ReimageRequest, password: str = PASSWORD, **fields: Any) -> HttpResponse:
    machines = [operation.pk for operation in reimage_request.operations.all()]
    typed = {"operations": machines, "admin_password": password, "admin_password_again": password}
    return client_of(person).post(path_of(reimage_request), typed | fields)


def states(reimage_request: ReimageRequest) -> set[str]:
    return set(reimage_request.operations.values_list("state", flat=True))


AWAITED = {OperationState.AWAITING_PASSWORD}


def test_it_seals_the_password_and_starts(awaiting: ReimageRequest, alice: User) -> None:
    answer = give(alice, awaiting)
    assert answer["Location"] == f"/requests/{awaiting.pk}/"
    assert states(awaiting) == {OperationState.QUEUED}
    assert SealedSecret.objects.count() == 2
    assert "awaited" not in words(client_of(alice).get(answer["Location"]))


def test_another_method_is_refused(awaiting: ReimageRequest, alice: User) -> None:
    assert client_of(alice).put(path_of(awaiting), {}).status_code == 405
    assert states(awaiting) == AWAITED


@pytest.mark.parametrize("who", ["bob", "carol", "dan"])
def test_whoever_else_sees_the_request_is_told_why_not(
    awaiting: ReimageRequest, who: str, request: pytest.FixtureRequest
) -> None:
    person = request.getfixturevalue(who)
    for answer in (client_of(person).get(path_of(awaiting)), give(person, awaiting)):
        assert answer.status_code == 403
        assert "for the person who asked for it alone" in words(answer)
    assert states(awaiting) == AWAITED


def test_a_stranger_finds_nothing(awaiting: ReimageRequest, eve: User) -> None:
    assert client_of(eve).get(path_of(awaiting)).status_code == 404
    assert give(eve, awaiting).status_code == 404
    assert states(awaiting) == AWAITED


def test_a_second_time_is_a_conflict_with_a_way_on(awaiting: ReimageRequest, alice: User) -> None:
    give(alice, awaiting)
    again = give(alice, awaiting)
    assert again.status_code == 409
    assert f'href="/requests/{awaiting.pk}/"' in source(again)
    assert client_of(alice).get(path_of(awaiting))["Location"] == f"/requests/{awaiting.pk}/"


def test_before_the_approval_nothing_is_asked(azure: SandboxProcess, alice: User, settings: Any) -> None:
    settings.PASSWORD_MODE = "at_release"
    pending = request_reimage(alice, "web-02", parameters=AT_RELEASE)
    assert client_of(alice).get(path_of(pending)).status_code == 302
    assert give(alice, pending).status_code == 409


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"admin_password": WEAK, "admin_password_again": WEAK}, "needs at least"),
        ({"admin_password_again": "Another-Horse-8"}, "The two passwords are not the same."),
        ({"operations": []}, "No machine is chosen."),
        ({"operations": ["0"]}, "0"),
        ({"admin_password": "", "admin_password_again": ""}, "required"),
    ],
)
def test_what_is_wrong_comes_back_without_what_was_typed(
    awaiting: ReimageRequest, alice: User, fields: dict[str, Any], told: str
) -> None:
    answer = give(alice, awaiting, **fields)
    assert answer.status_code == 422
    assert told in words(answer)
    assert PASSWORD not in source(answer)
    assert "Another-Horse-8" not in source(answer)
    assert states(awaiting) == AWAITED


@pytest.mark.asvs("V7.5.3")
def test_an_old_sign_in_is_renewed_before_anything_is_typed(awaiting: ReimageRequest, alice: User) -> None:
    browser = client_of(alice)
    session = browser.session
    session["identity.authenticated_at"] = int(timezone.now().timestamp()) - 3600
    session.save()
    page = browser.get(path_of(awaiting))
    assert "sign in once more first" in words(page)
    assert 'type="password"' not in source(page)
    assert f'href="/sign-in/again?next=%2Frequests%2F{awaiting.pk}%2Fpassword"' in source(page)
    typed = {"operations": [], "admin_password": PASSWORD, "admin_password_again": PASSWORD}
    answer = browser.post(path_of(awaiting), typed)
    assert "again" in answer["Location"]
    assert PASSWORD not in str(browser.session.items())
    assert states(awaiting) == AWAITED


def test_the_requester_is_told_on_three_pages(awaiting: ReimageRequest, alice: User) -> None:
    browser = client_of(alice)
    assert f"Request #{awaiting.pk} is approved: your password is awaited" in words(browser.get("/"))
    assert path_of(awaiting) in source(browser.get("/"))
    page = browser.get(f"/requests/{awaiting.pk}/")
    assert "Your password is awaited" in words(page)
    assert path_of(awaiting) in source(page)
    give(alice, awaiting)
    assert "password is awaited" not in words(browser.get("/"))


def test_others_are_told_whom_it_waits_for(awaiting: ReimageRequest, bob: User) -> None:
    page = client_of(bob).get(f"/requests/{awaiting.pk}/")
    assert "The requester's password is awaited" in words(page)
    assert path_of(awaiting) not in source(page)
    assert "awaited" not in words(client_of(bob).get("/"))


def test_the_approver_reads_what_it_waits_for(azure: SandboxProcess, alice: User, bob: User, settings: Any) -> None:
    settings.PASSWORD_MODE = "at_release"
    pending = request_reimage(alice, "web-02", parameters=AT_RELEASE)
    page = client_of(bob).post(f"/requests/{pending.pk}/approve", {"digest": pending.digest}, follow=True)
    assert "The requester is asked for the password" in words(page)


def test_the_form_of_a_new_request_asks_for_none(azure: SandboxProcess, alice: User, settings: Any) -> None:
    settings.PASSWORD_MODE = "at_release"
    browser = client_of(alice)
    machine = VirtualMachine.objects.get(name="web-02").pk
    page = browser.get(f"/requests/new?vm={machine}")
    assert 'type="password"' not in source(page)
    assert "You are asked for it after the approval." in words(page)
    fields = {"vm": machine, "justification": "Practice.", f"g{machine}-sets_admin_password": "on"}
    review = browser.post("/requests/new", fields)
    page = browser.get(review["Location"])
    assert "The requester gives it after the approval" in words(page)
    assert "8 to 123 characters of three kinds" in words(page)
    assert form_actions(page)


def test_who_may_no_longer_request_the_reimage_is_told_before_anything_is_sealed(
    awaiting: ReimageRequest, alice: User
) -> None:
    AccessGrant.objects.filter(role=GrantRole.REQUESTER).delete()
    answer = give(alice, awaiting)
    assert answer.status_code == 403
    assert "Alice Aoki may no longer request a reimage of: web-02, web-03." in words(answer)
    assert "Ask an administrator to renew the grant" in words(answer)
    assert "Reject the request" not in words(answer)
    assert PASSWORD not in source(answer)
    assert (states(awaiting), SealedSecret.objects.count()) == (AWAITED, 0)


def test_tags_that_the_inventory_has_not_seen_yet_stop_nothing(awaiting: ReimageRequest, alice: User) -> None:
    """Azure is asked for them before the POST."""
    AccessGrant.objects.filter(role=GrantRole.REQUESTER).update(tag_name="owner", tag_value="web")
    VirtualMachine.objects.update(tags={})
    assert give(alice, awaiting).status_code == 302
    assert states(awaiting) == {OperationState.QUEUED}


@pytest.mark.asvs("V14.2.1")
def test_it_takes_no_password_from_the_address(awaiting: ReimageRequest, alice: User) -> None:
    machines = [operation.pk for operation in awaiting.operations.all()]
    address = f"{path_of(awaiting)}?admin_password={PASSWORD}&admin_password_again={PASSWORD}"
    for typed in ({"operations": machines}, {"operations": machines, "admin_password": PASSWORD}):
        assert client_of(alice).post(address, typed).status_code == 422
    assert (states(awaiting), SealedSecret.objects.count()) == (AWAITED, 0)


def test_a_machine_that_is_still_covered_gets_its_password(awaiting: ReimageRequest, alice: User) -> None:
    kept, _lost = awaiting.operations.all()
    AccessGrant.objects.filter(role=GrantRole.REQUESTER).update(scope=kept.resource_id, tag_name="", tag_value="")
    assert give(alice, awaiting).status_code == 403
    assert give(alice, awaiting, operations=[kept.pk]).status_code == 302
    assert SealedSecret.objects.get().operation == kept


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", "The password is sealed. The portal goes on with the reimage by itself."),
        ("ja", "パスワードを暗号化して保管しました。この後の再イメージ化はポータルが自動的に進めます。"),
    ],
)
def test_it_promises_no_moment(awaiting: ReimageRequest, alice: User, dan: User, language: str, says: str) -> None:
    """While execution is paused, nothing starts."""
    pausing.pause_execution(administrator=dan, reason="Practice.")
    User.objects.update(language=language)
    browser = client_of(alice)
    fields = {"operations": [one.pk for one in awaiting.operations.all()], "admin_password": PASSWORD}
    answer = browser.post(path_of(awaiting), fields | {"admin_password_again": PASSWORD}, follow=True)
    assert says in words(answer)
