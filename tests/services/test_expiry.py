"""What nobody decides in time ends by itself, and frees its machines."""

from datetime import timedelta
from typing import Any

import pytest

from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.domain.request_states import RequestState
from reimage.models import Notice, ReimageRequest, SealedSecret
from reimage.services import withdrawal
from reimage.services.decision import expire_reimage_requests
from tests.sandbox_process import SandboxProcess
from tests.stories import approved, request_reimage


@pytest.mark.asvs("V14.2.7")
def test_it_expires_when_the_term_is_over_and_not_before(azure: SandboxProcess, alice: User) -> None:
    secret = ReimageParameters(admin_password="Correct-Horse-7")
    pending = request_reimage(alice, "web-02", parameters=secret)
    assert expire_reimage_requests(now=pending.expires_at - timedelta(seconds=1)) == 0
    assert expire_reimage_requests(now=pending.expires_at) == 1
    assert expire_reimage_requests(now=pending.expires_at) == 0
    pending.refresh_from_db()
    assert (pending.state, pending.finished_at) == (RequestState.EXPIRED, pending.expires_at)
    assert pending.operations.get().state == OperationState.CANCELED
    assert not SealedSecret.objects.exists()
    assert Notice.objects.filter(kind="expired").count() == 1
    assert AuditEvent.objects.filter(action="reimage_request.expired").count() == 1


def test_a_row_that_fails_keeps_no_other_from_expiring(
    azure: SandboxProcess, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing, sound = request_reimage(alice, "web-02"), request_reimage(alice, "web-04")
    release = withdrawal.release_machines

    def release_or_fail(found: ReimageRequest, **options: Any) -> object:
        if found.pk == failing.pk:
            raise KeyError(found.pk)
        return release(found, **options)

    monkeypatch.setattr(withdrawal, "release_machines", release_or_fail)
    with pytest.raises(ExceptionGroup, match="of some rows nothing came"):
        expire_reimage_requests(now=sound.expires_at)
    states = dict(ReimageRequest.objects.values_list("pk", "state"))
    assert states == {failing.pk: RequestState.PENDING_APPROVAL, sound.pk: RequestState.EXPIRED}


def test_it_leaves_an_approved_request_alone(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-01")
    assert expire_reimage_requests(now=reimage_request.expires_at + timedelta(days=1)) == 0
    reimage_request.refresh_from_db()
    assert reimage_request.state == RequestState.APPROVED


def test_it_expires_all_that_are_overdue(azure: SandboxProcess, alice: User) -> None:
    request_reimage(alice, "web-01")
    last = request_reimage(alice, "web-02")
    assert expire_reimage_requests(now=last.expires_at) == 2
