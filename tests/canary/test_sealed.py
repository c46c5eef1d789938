"""A password that is recognised anywhere, sealed with its request: it is in no sink, on any way."""

import base64
import json
from typing import Any

import pytest
from django.utils import timezone

from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.models import ReimageRequest
from reimage.services import decision
from reimage.services.decision import expire_reimage_requests
from reimage.services.errors import InvalidReimageRequest
from tests.canary.killing import CALLS, assert_clean_when_killed_after
from tests.canary.sinks import Sinks
from tests.canary.spellings import DATA, PASSWORD, as_words, leaks, spellings
from tests.sandbox_process import SandboxProcess
from tests.stories import approve, approved, draft, posts, request_reimage, run

PARAMETERS = ReimageParameters(admin_password=PASSWORD, custom_data=base64.b64encode(DATA).decode())
POST = {"verb": "POST", "path_contains": "/reimage"}


def test_the_canary_would_be_found(azure: SandboxProcess, alice: User, sinks: Sinks) -> None:
    ReimageRequest.objects.filter(pk=draft(alice, "web-02").pk).update(justification=f"It is {PASSWORD}.")
    assert ("database", "plain") in leaks(sinks.read())


@pytest.mark.asvs("V14.2.4", "V16.2.5")
def test_on_success(azure: SandboxProcess, alice: User, bob: User, sinks: Sinks) -> None:
    reimage_request = request_reimage(alice, "web-02", parameters=PARAMETERS)
    sinks.assert_clean()
    run(approve(bob, reimage_request), azure)
    assert posts(azure)[0]["body"]["osProfile"]["customData"] == PARAMETERS.custom_data
    sinks.assert_clean()


@pytest.mark.parametrize(
    ("fault", "script"),
    [
        ("status", {"status": 400}),
        (
            "status",
            {"status": 400, "code": "InvalidParameter", "message": f"The value '{PASSWORD}' is not accepted"},
        ),
        ("status", {"status": 409, "code": "Conflict", "message": f"customData {PARAMETERS.custom_data} is busy"}),
        ("status", {"status": 500, "code": "InternalError", "message": f"osProfile {json.dumps(PASSWORD)} {DATA!r}"}),
        ("status", {"status": 500, "code": f"Bad_{PASSWORD}", "message": f"Bad {PASSWORD}"}),
        ("status", {"status": 500}),
        ("status", {"status": 429}),
        ("reset_before", {}),
        ("accepted_then_lost", {}),
    ],
)
@pytest.mark.asvs("V14.2.4", "V16.2.5")
def test_when_azure_refuses_or_is_lost(
    azure: SandboxProcess, alice: User, bob: User, sinks: Sinks, fault: str, script: dict[str, Any]
) -> None:
    reimage_request = approved(alice, bob, "web-02", parameters=PARAMETERS)
    azure.faults(fault, match=POST, **script)
    run(reimage_request, azure, steps=4)
    sinks.assert_clean()


@pytest.mark.asvs("V14.2.4", "V16.2.5")
@pytest.mark.parametrize("spelling", spellings(PASSWORD))
def test_when_azure_echoes_it_in_another_spelling(
    azure: SandboxProcess, alice: User, bob: User, sinks: Sinks, spelling: str
) -> None:
    reimage_request = approved(alice, bob, "web-02", parameters=PARAMETERS)
    echo = as_words(spellings(PASSWORD)[spelling])
    azure.faults("status", match=POST, status=400, code=f"Bad_{echo}", message=f"The value '{echo}' is not accepted")
    run(reimage_request, azure, steps=4)
    assert reimage_request.operations.get().state == OperationState.FAILED
    sinks.assert_clean()


def test_on_rejection_cancellation_and_expiry(azure: SandboxProcess, alice: User, bob: User, sinks: Sinks) -> None:
    rejected = request_reimage(alice, "web-02", parameters=PARAMETERS)
    decision.reject_reimage_request(approver=bob, reimage_request_id=rejected.pk, comment="No.", now=timezone.now())
    canceled = request_reimage(alice, "web-02", parameters=PARAMETERS)
    decision.cancel_reimage_request(requester=alice, reimage_request_id=canceled.pk, now=timezone.now())
    expired = request_reimage(alice, "web-02", parameters=PARAMETERS)
    expire_reimage_requests(now=expired.expires_at)
    sinks.assert_clean()


def test_on_a_refused_form(azure: SandboxProcess, alice: User, sinks: Sinks) -> None:
    with pytest.raises(InvalidReimageRequest) as refused:
        draft(alice, "web-01", parameters=PARAMETERS)
    assert leaks({"texts": f"{refused.value!r} {refused.value.findings} {PARAMETERS!r}".encode()}) == []
    sinks.assert_clean()


@pytest.mark.asvs("V14.2.4", "V16.2.5")
@pytest.mark.parametrize("call", CALLS)
def test_when_the_worker_is_killed(azure: SandboxProcess, alice: User, bob: User, sinks: Sinks, call: str) -> None:
    assert_clean_when_killed_after(call, approved(alice, bob, "web-02", parameters=PARAMETERS), sinks)
