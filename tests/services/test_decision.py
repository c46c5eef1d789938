"""A second person decides once, about exactly the plan they saw."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.audit.actors import Actor
from portal.audit.models import AuditEvent
from portal.audit.text_search import of_person
from portal.errors import NotAllowed, NotFound, WrongState
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.domain.request_states import RequestState
from reimage.models import AccessGrant, ApprovalDecision, GrantRole, PrincipalKind, ReimageRequest, SealedSecret
from reimage.services import decision
from reimage.services.grants import create_grant
from tests.azure_fixtures import RG_WEB
from tests.cast import ALICE, CAROL, EVE
from tests.sandbox_process import PRODUCTION, SandboxProcess
from tests.stories import approve, request_reimage

SECRET = ReimageParameters(admin_password="Correct-Horse-7")


def reject(approver: User, reimage_request: ReimageRequest, comment: str = "Not this week.") -> ReimageRequest:
    return decision.reject_reimage_request(
        approver=approver, reimage_request_id=reimage_request.pk, comment=comment, now=timezone.now()
    )


def make_approver(part: Any, scope: str = f"/subscriptions/{PRODUCTION}") -> None:
    create_grant(
        actor=Actor.system("test"),
        principal_kind=PrincipalKind.USER,
        principal_id=part.object_id,
        role=GrantRole.APPROVER,
        scope=scope,
    )


def test_an_approval_queues_every_machine_and_starts_the_term_of_execution(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    pending = request_reimage(alice, "web-01", "web-02")
    now = timezone.now()
    approved = decision.approve_reimage_request(
        approver=bob, reimage_request_id=pending.pk, digest=pending.digest, comment=" Go. ", now=now
    )
    assert (approved.state, approved.expires_at) == (RequestState.APPROVED, now + timedelta(hours=72))
    assert {(operation.state, operation.next_at) for operation in approved.operations.all()} == {
        (OperationState.QUEUED, now)
    }
    assert approved.decision.comment == "Go."
    assert approved.decision.digest == pending.digest
    assert of_person(AuditEvent.objects.filter(action="reimage_request.approved"), "Bob Baba").count() == 1


def test_a_rejection_frees_the_machines_and_destroys_the_secrets(azure: SandboxProcess, alice: User, bob: User) -> None:
    rejected = reject(bob, request_reimage(alice, "web-02", parameters=SECRET))
    assert rejected.state == RequestState.REJECTED
    assert rejected.operations.get().state == OperationState.CANCELED
    assert not SealedSecret.objects.exists()
    assert request_reimage(alice, "web-02").pk


def test_a_rejection_needs_a_reason(azure: SandboxProcess, alice: User, bob: User) -> None:
    pending = request_reimage(alice, "web-01")
    with pytest.raises(NotAllowed, match="needs a reason"):
        reject(bob, pending, " ")
    assert not ApprovalDecision.objects.exists()
    pending.refresh_from_db()
    assert pending.state == RequestState.PENDING_APPROVAL


@pytest.mark.asvs("V2.3.5")
def test_nobody_decides_a_request_of_their_own(azure: SandboxProcess, alice: User) -> None:
    make_approver(ALICE)
    pending = request_reimage(alice, "web-01")
    for decide in (approve, reject):
        with pytest.raises(NotAllowed, match="your own request"):
            decide(alice, pending)
    assert not ApprovalDecision.objects.exists()


@pytest.mark.asvs("V2.3.5")
def test_the_database_too_refuses_ones_own_request(azure: SandboxProcess, alice: User) -> None:
    pending = request_reimage(alice, "web-01")
    with pytest.raises(IntegrityError, match="second_person"), transaction.atomic():
        ApprovalDecision.objects.create(
            reimage_request=pending,
            outcome="approved",
            approver=alice,
            approver_tenant_id=alice.tenant_id,
            approver_object_id=alice.object_id,
            requester_tenant_id=alice.tenant_id,
            requester_object_id=alice.object_id,
            digest=pending.digest,
            decided_at=timezone.now(),
        )


@pytest.mark.parametrize("field", [{"outcome": "rejected", "comment": ""}, {"outcome": "postponed"}])
def test_the_database_refuses_a_senseless_decision(
    azure: SandboxProcess, alice: User, bob: User, field: dict[str, str]
) -> None:
    approve(bob, request_reimage(alice, "web-01"))
    with pytest.raises(IntegrityError), transaction.atomic():
        ApprovalDecision.objects.update(**field)


def test_a_stranger_does_not_even_see_it(azure: SandboxProcess, alice: User, eve: User) -> None:
    pending = request_reimage(alice, "web-01")
    for decide in (approve, reject):
        with pytest.raises(NotFound, match="that you may see") as refused:
            decide(eve, pending)
        assert refused.value.remedy == "Check the number, or start from “My work”."


@pytest.mark.asvs("V8.3.1")
def test_neither_an_auditor_nor_an_administrator_may_decide(
    azure: SandboxProcess, alice: User, carol: User, dan: User
) -> None:
    pending = request_reimage(alice, "web-01")
    for person in (carol, dan):
        with pytest.raises(NotAllowed, match="not an approver for web-01"):
            approve(person, pending)


def test_every_machine_must_be_covered(azure: SandboxProcess, alice: User, eve: User) -> None:
    make_approver(EVE, RG_WEB)
    pending = request_reimage(alice, "web-01", "batch-01")
    with pytest.raises(NotAllowed, match="not an approver for batch-01") as refused:
        approve(eve, pending)
    assert "web-01" not in refused.value.message


def test_a_grant_by_group_lets_its_members_decide(
    azure: SandboxProcess, alice: User, bob: User, grants: list[AccessGrant]
) -> None:
    pending = request_reimage(alice, "web-01")
    User.objects.filter(pk=bob.pk).update(group_ids=[])
    bob.refresh_from_db()
    with pytest.raises(NotFound):
        approve(bob, pending)


@pytest.mark.parametrize(("first", "word"), [(approve, "approved"), (reject, "rejected")])
def test_who_comes_late_is_told_who_decided_and_when(
    azure: SandboxProcess, alice: User, bob: User, carol: User, first: Any, word: str
) -> None:
    make_approver(CAROL)
    pending = request_reimage(alice, "web-01")
    first(bob, pending)
    for late in (approve, reject):
        with pytest.raises(WrongState, match=f"already {word} by Bob Baba at "):
            late(carol, pending)
    assert ApprovalDecision.objects.count() == 1


def test_a_canceled_request_can_no_longer_be_decided(azure: SandboxProcess, alice: User, bob: User) -> None:
    pending = request_reimage(alice, "web-01")
    decision.cancel_reimage_request(requester=alice, reimage_request_id=pending.pk, now=timezone.now())
    with pytest.raises(WrongState, match="can no longer be changed: Canceled"):
        approve(bob, pending)


@pytest.mark.asvs("V2.3.2")
def test_it_can_no_longer_be_decided_after_its_term(azure: SandboxProcess, alice: User, bob: User) -> None:
    pending = request_reimage(alice, "web-01")
    with pytest.raises(WrongState, match="expired before anybody decided"):
        decision.approve_reimage_request(
            approver=bob, reimage_request_id=pending.pk, digest=pending.digest, comment="", now=pending.expires_at
        )
    decision.expire_reimage_requests(now=pending.expires_at)
    with pytest.raises(WrongState, match="can no longer be changed: Expired"):
        approve(bob, pending)


@pytest.mark.asvs("V2.3.5")
def test_an_approval_is_bound_to_the_plan_that_was_shown(azure: SandboxProcess, alice: User, bob: User) -> None:
    pending = request_reimage(alice, "web-01")
    pending.digest = "0" * 64
    with pytest.raises(WrongState, match="not the one on your page"):
        approve(bob, pending)
    assert not ApprovalDecision.objects.exists()


@pytest.mark.asvs("V2.3.1")
def test_a_draft_cannot_be_decided(azure: SandboxProcess, alice: User, bob: User) -> None:
    pending = request_reimage(alice, "web-01")
    ReimageRequest.objects.filter(pk=pending.pk).update(state=RequestState.DRAFT)
    with pytest.raises(NotFound):
        approve(bob, pending)


@pytest.mark.asvs("V2.3.4")
def test_of_two_decisions_at_a_time_the_database_takes_one(
    azure: SandboxProcess, alice: User, bob: User, carol: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_approver(CAROL)
    pending = request_reimage(alice, "web-01")
    check = decision._check_may_decide

    def let_bob_pass(approver: User, found: ReimageRequest, now: Any) -> None:
        check(approver, found, now)
        monkeypatch.setattr(decision, "_check_may_decide", check)
        approve(bob, pending)

    monkeypatch.setattr(decision, "_check_may_decide", let_bob_pass)
    with pytest.raises(WrongState, match="already approved by Bob Baba"):
        approve(carol, pending)


def test_it_refuses_to_approve_what_the_requester_may_no_longer_ask_for(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    reimage_request = request_reimage(alice, "web-01")
    AccessGrant.objects.filter(role=GrantRole.REQUESTER).delete()
    with pytest.raises(NotAllowed, match=r"Alice Aoki may no longer request a reimage of: web-01\."):
        approve(bob, reimage_request)
    reimage_request.refresh_from_db()
    assert reimage_request.state == RequestState.PENDING_APPROVAL
    assert not ApprovalDecision.objects.exists()
