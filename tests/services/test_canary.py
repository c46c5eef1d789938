"""A password that is recognised anywhere: it is in no row, log line, mail, exception or audit event, on any way."""

import base64
import json
import logging
from typing import Any
from urllib.parse import quote

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from portal.identity.models import User
from reimage.domain.parameters import ReimageParameters
from reimage.models import ReimageRequest
from reimage.services import decision, notification
from reimage.services.decision import expire_reimage_requests
from reimage.services.errors import InvalidReimageRequest
from tests.sandbox_process import SandboxProcess
from tests.stories import approved, draft, posts, request_reimage, run

PASSWORD = 'Canary-"7é-Horse'
DATA = b"#cloud-config canary-7-data"
PARAMETERS = ReimageParameters(admin_password=PASSWORD, custom_data=base64.b64encode(DATA).decode())
POST = {"verb": "POST", "path_contains": "/reimage"}
NEEDLES = [
    spelled
    for secret in (PASSWORD, DATA.decode())
    for spelled in (
        secret,
        quote(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        base64.b64encode(secret.encode()).decode().rstrip("="),
    )
]


def whole_database() -> str:
    """Every column of every row, as text."""
    rows: list[object] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608  # the tables' own names
            rows += cursor.fetchall()
    return " ".join(
        bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else str(value)
        for row in rows
        for value in row  # type: ignore[attr-defined]
    )


@pytest.fixture
def sinks(caplog: pytest.LogCaptureFixture) -> Any:
    """All that a secret could leak into, with every logger of ours and of the libraries' root at DEBUG."""
    caplog.set_level(logging.DEBUG)

    def read() -> str:
        notification.send_due_notices(now=timezone.now())
        mails = " ".join(message.message().as_string() for message in mail.outbox)
        return " ".join([caplog.text, mails, whole_database()])

    return read


def assert_in_none(text: str) -> None:
    assert [needle for needle in NEEDLES if needle in text] == []


def test_the_canary_would_be_found(azure: SandboxProcess, alice: User, sinks: Any) -> None:
    ReimageRequest.objects.filter(pk=draft(alice, "web-02").pk).update(justification=f"It is {PASSWORD}.")
    assert PASSWORD in sinks()


@pytest.mark.asvs("V14.2.4", "V16.2.5")
def test_on_success(azure: SandboxProcess, alice: User, bob: User, sinks: Any) -> None:
    reimage_request = request_reimage(alice, "web-02", parameters=PARAMETERS)
    assert_in_none(sinks())
    run(decision_of(bob, reimage_request), azure)
    assert posts(azure)[0]["body"]["osProfile"]["customData"] == PARAMETERS.custom_data
    assert_in_none(sinks())


def decision_of(approver: User, reimage_request: ReimageRequest) -> ReimageRequest:
    return decision.approve_reimage_request(
        approver=approver,
        reimage_request_id=reimage_request.pk,
        digest=reimage_request.digest,
        comment="",
        now=timezone.now(),
    )


@pytest.mark.parametrize(
    ("fault", "script"),
    [
        ("status", {"status": 400}),
        ("status", {"status": 500}),
        ("status", {"status": 429}),
        ("reset_before", {}),
        ("accepted_then_lost", {}),
    ],
)
@pytest.mark.asvs("V14.2.4", "V16.2.5")
def test_when_azure_refuses_or_is_lost(
    azure: SandboxProcess, alice: User, bob: User, sinks: Any, fault: str, script: dict[str, Any]
) -> None:
    reimage_request = approved(alice, bob, "web-02", parameters=PARAMETERS)
    azure.faults(fault, match=POST, **script)
    run(reimage_request, azure, steps=4)
    assert_in_none(sinks())


def test_on_rejection_cancellation_and_expiry(azure: SandboxProcess, alice: User, bob: User, sinks: Any) -> None:
    rejected = request_reimage(alice, "web-02", parameters=PARAMETERS)
    decision.reject_reimage_request(approver=bob, reimage_request_id=rejected.pk, comment="No.", now=timezone.now())
    canceled = request_reimage(alice, "web-02", parameters=PARAMETERS)
    decision.cancel_reimage_request(requester=alice, reimage_request_id=canceled.pk, now=timezone.now())
    expired = request_reimage(alice, "web-02", parameters=PARAMETERS)
    expire_reimage_requests(now=expired.expires_at)
    assert_in_none(sinks())


def test_on_a_refused_form(azure: SandboxProcess, alice: User, sinks: Any) -> None:
    with pytest.raises(InvalidReimageRequest) as refused:
        draft(alice, "web-01", parameters=PARAMETERS)
    assert_in_none(f"{refused.value!r} {refused.value.findings} {PARAMETERS!r}")
    assert_in_none(sinks())
