"""PASSWORD_MODE at_release: the requester gives the password after the approval; without it nothing reaches Azure."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.errors import NotAllowed, NotFound, WrongState
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.domain.passwords import PasswordMode
from reimage.domain.request_states import RequestState
from reimage.models import ReimageOperation, ReimageRequest, SealedSecret, SecretField, VirtualMachine
from reimage.services import awaited_passwords, decision, secrets
from reimage.services.awaited_passwords import expire_awaited_passwords
from reimage.services.drafting import TargetSettings, draft_reimage_request
from reimage.services.errors import InvalidReimageRequest
from reimage.services.notification import send_due_notices
from tests.audit.sealing.tampering import run as run_sql
from tests.passwords import AT_RELEASE, GENERATED, PASSWORD, give, password_hash_at_azure, seen_by_azure
from tests.sandbox_process import SandboxProcess
from tests.stories import advance, approve, approved, draft, posts, request_reimage, run, submit

AWAITED = OperationState.AWAITING_PASSWORD


@pytest.fixture(autouse=True)
def policy(settings: Any) -> None:
    settings.PASSWORD_MODE = "at_release"


@pytest.fixture
def awaiting(azure: SandboxProcess, alice: User, bob: User) -> ReimageRequest:
    """A Windows machine, approved."""
    return approved(alice, bob, "web-02", parameters=AT_RELEASE)


def draft_with(requester: User, parameters: dict[str, ReimageParameters]) -> ReimageRequest:
    machines = {machine.name: machine.pk for machine in VirtualMachine.objects.filter(name__in=parameters)}
    return draft_reimage_request(
        requester=requester,
        targets=[TargetSettings(machines[name], one) for name, one in parameters.items()],
        justification="Practice.",
        ticket="",
        language="en",
        now=timezone.now(),
    )


def states(reimage_request: ReimageRequest) -> list[str]:
    return list(reimage_request.operations.values_list("state", flat=True))


@pytest.mark.asvs("V14.2.7")
def test_the_password_that_was_given_is_the_one_that_arrives(awaiting: ReimageRequest, azure: SandboxProcess) -> None:
    assert not SealedSecret.objects.exists()
    give(awaiting)
    assert run(awaiting, azure).state == RequestState.COMPLETED
    assert seen_by_azure(azure, PASSWORD)
    assert not SealedSecret.objects.exists()


def test_nothing_is_sent_before_it_is_given(awaiting: ReimageRequest, azure: SandboxProcess) -> None:
    advance(awaiting.operations.get())
    assert (states(awaiting), posts(azure)) == ([AWAITED], [])


def test_the_plan_says_that_it_will_be_set_and_by_which_rules(azure: SandboxProcess, alice: User) -> None:
    windows, linux = draft(alice, "web-02", "web-03", parameters=AT_RELEASE).operations.all()
    promise = {"mode": "at_release", "minimum": 8, "maximum": 123, "classes": 3}
    assert windows.plan["body"] == {"osProfile": {"adminPassword": promise}}
    assert linux.plan["body"]["osProfile"]["adminPassword"] == promise | {"minimum": 6, "maximum": 72}
    without = draft(alice, "web-02").operations.get()
    assert without.plan_digest != windows.plan_digest


def test_machines_without_a_password_go_on_at_once(azure: SandboxProcess, alice: User, bob: User) -> None:
    made = draft_with(alice, {"web-01": ReimageParameters(), "web-02": AT_RELEASE})
    reimage_request = approve(bob, submit(made))
    assert states(reimage_request) == [OperationState.QUEUED, AWAITED]
    run(reimage_request, azure)
    assert [post["vm"].rpartition("/")[2] for post in posts(azure)] == ["web-01"]


def test_several_machines_may_get_several_passwords(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-02", "web-03", parameters=AT_RELEASE)
    windows, linux = reimage_request.operations.all()
    give(reimage_request, linux, password="Other-Mule-8")
    assert states(reimage_request) == [AWAITED, OperationState.QUEUED]
    give(reimage_request, windows)
    run(reimage_request, azure)
    for vm, password in (("web-02", PASSWORD), ("web-03", "Other-Mule-8")):
        assert password_hash_at_azure(azure, vm) == {"sha256": sha256(password.encode()).hexdigest()}


def test_the_log_says_who_gave_it_and_not_what(awaiting: ReimageRequest, alice: User) -> None:
    give(awaiting)
    event = AuditEvent.objects.get(action="admin_password.given")
    assert event.subject == awaiting.audit_subject
    body = bytes(event.body).decode()
    assert str(alice.object_id) in body
    assert PASSWORD not in body
    assert "commitment" in body


@pytest.mark.asvs("V8.2.2")
@pytest.mark.parametrize("who", ["bob", "carol", "dan"])
def test_nobody_but_the_requester_can_give_it(
    awaiting: ReimageRequest, who: str, request: pytest.FixtureRequest
) -> None:
    awaiting.requester = request.getfixturevalue(who)
    with pytest.raises(NotAllowed, match="for the person who asked"):
        give(awaiting)
    assert (states(awaiting), SealedSecret.objects.count()) == ([AWAITED], 0)


def test_a_stranger_learns_of_nothing(awaiting: ReimageRequest, eve: User) -> None:
    awaiting.requester = eve
    with pytest.raises(NotFound) as refused:
        give(awaiting)
    assert refused.value.remedy == "Check the number, or start from “My work”."
    assert states(awaiting) == [AWAITED]


def test_it_cannot_be_given_twice(awaiting: ReimageRequest) -> None:
    give(awaiting)
    kept = bytes(SealedSecret.objects.get().ciphertext)
    with pytest.raises(WrongState, match="No password is awaited"):
        give(awaiting, password="Another-Horse-8")
    assert bytes(SealedSecret.objects.get().ciphertext) == kept
    assert AuditEvent.objects.filter(action="admin_password.given").count() == 1


def test_another_requests_machine_is_none_of_this_one(
    awaiting: ReimageRequest, alice: User, bob: User, azure: SandboxProcess
) -> None:
    other = approved(alice, bob, "web-03", parameters=AT_RELEASE)
    with pytest.raises(InvalidReimageRequest):
        give(awaiting, other.operations.get())
    assert states(other) == [AWAITED]


@pytest.mark.parametrize(("password", "code"), [("short", "password_too_short"), ("P@ssw0rd", "password_disallowed")])
def test_azures_rules_hold(awaiting: ReimageRequest, password: str, code: str) -> None:
    with pytest.raises(InvalidReimageRequest) as refused:
        give(awaiting, password=password)
    assert code in [finding.violation.code for finding in refused.value.findings]
    assert (states(awaiting), SealedSecret.objects.count()) == ([AWAITED], 0)


def test_it_is_canceled_until_then(awaiting: ReimageRequest, alice: User, azure: SandboxProcess) -> None:
    decision.cancel_reimage_request(requester=alice, reimage_request_id=awaiting.pk, now=timezone.now())
    with pytest.raises(WrongState):
        give(awaiting)
    assert (states(awaiting), posts(azure)) == ([OperationState.CANCELED], [])


def test_without_it_the_term_ends_all(awaiting: ReimageRequest, azure: SandboxProcess, alice: User) -> None:
    until = awaiting.operations.get().next_at
    assert until is not None
    assert timedelta(hours=23) < until - timezone.now() <= timedelta(hours=24)
    assert expire_awaited_passwords(now=until - timedelta(seconds=1)) == 0
    assert expire_awaited_passwords(now=until) == 1
    assert expire_awaited_passwords(now=until) == 0
    awaiting.refresh_from_db()
    assert (states(awaiting), awaiting.state) == ([OperationState.EXPIRED], RequestState.FAILED)
    assert awaiting.operations.get().findings == [{"code": "password_not_given", "params": {}}]
    assert AuditEvent.objects.filter(action="reimage_operation.expired").count() == 1
    with pytest.raises(WrongState):
        give(awaiting)
    assert posts(azure) == []
    request_reimage(alice, "web-02", parameters=AT_RELEASE)  # the machine is free again


@pytest.mark.asvs("V14.2.7")
def test_custom_data_that_waited_with_it_ends_with_the_term(azure: SandboxProcess, alice: User, bob: User) -> None:
    parameters = replace(AT_RELEASE, custom_data="I2Nsb3VkLWNvbmZpZwo=")
    until = approved(alice, bob, "web-02", parameters=parameters).operations.get().next_at
    assert until is not None
    assert SealedSecret.objects.get().field == SecretField.CUSTOM_DATA
    assert expire_awaited_passwords(now=until) == 1
    assert not SealedSecret.objects.exists()


def test_it_is_too_late_at_the_very_end_of_the_term(awaiting: ReimageRequest) -> None:
    until = awaiting.operations.get().next_at
    assert until is not None
    with pytest.raises(WrongState):
        awaited_passwords.give_password(
            requester=awaiting.requester,
            reimage_request_id=awaiting.pk,
            operation_ids=[awaiting.operations.get().pk],
            password=PASSWORD,
            now=until,
        )
    assert not SealedSecret.objects.exists()


def test_it_waits_no_longer_than_the_approval_holds(
    azure: SandboxProcess, alice: User, bob: User, settings: Any
) -> None:
    settings.PASSWORD_HOURS = 100
    reimage_request = approved(alice, bob, "web-02", parameters=AT_RELEASE)
    assert reimage_request.operations.get().next_at == reimage_request.expires_at


def test_what_the_mail_says(awaiting: ReimageRequest, alice: User) -> None:
    send_due_notices(now=timezone.now())
    (sent,) = [message for message in mail.outbox if message.to == [alice.email]]
    assert sent.subject == f"パスワードの入力をお願いします: 申請 #{awaiting.pk} が承認されました"
    assert f"/requests/{awaiting.pk}/" in sent.body


def nothing_is_there(_awaiting: ReimageRequest) -> None: ...


def it_breaks_the_rules(awaiting: ReimageRequest) -> None:
    awaited_passwords._seal(awaiting, awaiting.operations.get(), "short", timezone.now())


def nobody_gave_it(awaiting: ReimageRequest) -> None:
    SealedSecret.objects.all().delete()
    row = {"operation": awaiting.operations.get(), "reimage_request": awaiting, "field": SecretField.ADMIN_PASSWORD}
    secrets.seal(secrets.commit("Anybody-Could-9"), now=timezone.now(), **row)


def it_was_replaced(awaiting: ReimageRequest) -> None:
    give(awaiting)
    nobody_gave_it(awaiting)


def it_was_given_twice(awaiting: ReimageRequest) -> None:
    it_breaks_the_rules(awaiting)
    SealedSecret.objects.all().delete()
    awaited_passwords._seal(awaiting, awaiting.operations.get(), PASSWORD, timezone.now())


def what_the_log_has_is(body: bytes) -> Callable[[ReimageRequest], None]:
    """The event of the one who gave it, as a superuser could leave it."""

    def damage(awaiting: ReimageRequest) -> None:
        give(awaiting)
        run_sql("UPDATE audit_auditevent SET body = %s WHERE action = 'admin_password.given'", parameters=[body])

    return damage


@pytest.mark.parametrize(
    "happens",
    [
        nothing_is_there,
        it_breaks_the_rules,
        nobody_gave_it,
        it_was_replaced,
        it_was_given_twice,
        what_the_log_has_is(b"\xff{"),
        what_the_log_has_is(b"{}"),
        what_the_log_has_is(b"[]"),
    ],
)
def test_a_released_machine_without_the_given_password_stops_before_the_post(
    awaiting: ReimageRequest, azure: SandboxProcess, happens: Callable[[ReimageRequest], None]
) -> None:
    """Somebody with the database lets it go on: what the requester gave, as the log has it, is not there."""
    operation = awaiting.operations.get()
    happens(awaiting)
    ReimageOperation.objects.update(state=OperationState.QUEUED, next_at=timezone.now())
    run(awaiting, azure)
    operation.refresh_from_db()
    assert (operation.state, operation.note["code"]) == (OperationState.FAILED, "secret_unusable")
    assert posts(azure) == []


@pytest.mark.parametrize(
    "parameters", [ReimageParameters(admin_password=PASSWORD), GENERATED], ids=["sealed", "generated"]
)
def test_a_password_comes_in_no_other_way(azure: SandboxProcess, alice: User, parameters: ReimageParameters) -> None:
    with pytest.raises(InvalidReimageRequest) as refused:
        draft(alice, "web-02", parameters=parameters)
    assert [finding.violation.code for finding in refused.value.findings] == ["password_mode_differs"]


def test_where_passwords_are_sealed_none_is_awaited(azure: SandboxProcess, alice: User, settings: Any) -> None:
    settings.PASSWORD_MODE = PasswordMode.SEALED.value
    with pytest.raises(InvalidReimageRequest) as refused:
        draft(alice, "web-02", parameters=AT_RELEASE)
    assert [finding.violation.code for finding in refused.value.findings] == ["password_mode_differs"]


def test_an_ephemeral_disk_takes_no_password(azure: SandboxProcess, alice: User) -> None:
    with pytest.raises(InvalidReimageRequest) as refused:
        draft(alice, "web-01", parameters=AT_RELEASE)
    assert [finding.violation.code for finding in refused.value.findings] == ["os_profile_needs_non_ephemeral"]
