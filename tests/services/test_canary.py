"""A password that is recognised anywhere: it is in no row, log line, mail, exception or audit event, on any way."""

import base64
import json
import logging
import sys
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from django.views.debug import ExceptionReporter

from portal.identity.models import User
from reimage.domain.parameters import ReimageParameters
from reimage.models import ReimageRequest, VirtualMachine
from reimage.services import decision, notification, reimaging
from reimage.services.decision import expire_reimage_requests
from reimage.services.errors import InvalidReimageRequest
from tests.cast import CAROL, client_of, make_user
from tests.crashes.failpoints import WorkerDied
from tests.sandbox_process import SandboxProcess
from tests.stories import advance, approved, draft, let_lease_lapse, posts, request_reimage, run

PASSWORD = 'Canary-"7é-Horse'
DATA = b"#cloud-config canary-7-data"
PARAMETERS = ReimageParameters(admin_password=PASSWORD, custom_data=base64.b64encode(DATA).decode())
POST = {"verb": "POST", "path_contains": "/reimage"}
OTHER_PASSWORD = "Second-Canary-9-Mule"
NEEDLES = [
    spelled
    for secret in (PASSWORD, OTHER_PASSWORD, DATA.decode())
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


def files() -> str:
    """The broker's messages, and whatever else a process keeps under VAR_DIR."""
    found = [file for file in settings.VAR_DIR.rglob("*") if file.is_file()]
    return " ".join(file.read_bytes().decode("utf-8", "replace") for file in found)


def export() -> str:
    """The audit log as an auditor takes it away."""
    auditor = User.objects.filter(object_id=CAROL.object_id).first() or make_user(CAROL)
    response = client_of(auditor).get(reverse("audit:export"))
    return b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]


@pytest.fixture
def sinks(caplog: pytest.LogCaptureFixture) -> Any:
    """All that a secret could leak into, with every logger of ours and of the libraries' root at DEBUG."""
    caplog.set_level(logging.DEBUG)

    def read() -> str:
        notification.send_due_notices(now=timezone.now())
        mails = " ".join(message.message().as_string() for message in mail.outbox)
        sessions = " ".join(str(session.get_decoded()) for session in Session.objects.all())
        return " ".join([caplog.text, mails, sessions, files(), export(), whole_database()])

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
        (
            "status",
            {"status": 400, "code": "InvalidParameter", "message": f"The value '{PASSWORD}' is not accepted"},
        ),
        ("status", {"status": 409, "code": "Conflict", "message": f"customData {PARAMETERS.custom_data} is busy"}),
        ("status", {"status": 500, "code": "InternalError", "message": f"osProfile {json.dumps(PASSWORD)} {DATA!r}"}),
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


@pytest.mark.asvs("V14.2.4", "V16.2.5")
@pytest.mark.parametrize("call", ["submit_reimage", "filled_body"])
def test_when_the_worker_is_killed(
    azure: SandboxProcess, alice: User, bob: User, sinks: Any, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    operation = approved(alice, bob, "web-02", parameters=PARAMETERS).operations.get()
    real = getattr(reimaging, call)

    def die_right_after(*args: Any, **options: Any) -> None:
        real(*args, **options)
        raise WorkerDied(call)

    with monkeypatch.context() as moment:
        moment.setattr(reimaging, call, die_right_after)
        with pytest.raises(WorkerDied):
            advance(operation)
    let_lease_lapse(operation)
    assert_in_none(sinks())
    advance(operation)
    assert_in_none(sinks())


def form_of(alice: User, **changes: str) -> dict[str, str]:
    """The form for web-02, filled in with the canary."""
    number = VirtualMachine.objects.get(name="web-02").pk
    fields = {"admin_password": PASSWORD, "admin_password_again": PASSWORD, "custom_data": DATA.decode()} | changes
    return {"vm": str(number), "justification": "Practice.", **{f"g{number}-{name}": v for name, v in fields.items()}}


@pytest.mark.asvs("V14.2.4", "V8.2.3")
@pytest.mark.parametrize(
    "changes", [{"admin_password_again": OTHER_PASSWORD}, {"admin_password": "short"}, {"exact_version": "?!"}]
)
def test_a_page_with_errors_shows_none_of_it(
    azure: SandboxProcess, alice: User, sinks: Any, changes: dict[str, str]
) -> None:
    response = client_of(alice).post("/requests/new", form_of(alice, **changes))
    assert response.status_code == 422
    assert [needle for needle in NEEDLES[:10] if needle in response.content.decode()] == []
    assert_in_none(sinks())


@pytest.mark.asvs("V14.2.4")
def test_a_form_without_its_token_leaves_nothing(azure: SandboxProcess, alice: User, sinks: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    response = client.post("/requests/new", form_of(alice))
    assert response.status_code == 403
    assert_in_none(response.content.decode() + sinks())


@pytest.mark.asvs("V14.2.4", "V16.5.1")
def test_our_own_mistake_reports_none_of_it(
    azure: SandboxProcess, alice: User, sinks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(**_: object) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr("reimage.views.new_request.draft_reimage_request", break_down)
    client = client_of(alice)
    client.raise_request_exception = False
    response = client.post("/requests/new", form_of(alice))
    assert response.status_code == 500
    request = RequestFactory().post("/requests/new", form_of(alice))
    try:
        break_down()
    except RuntimeError:
        report = ExceptionReporter(request, *sys.exc_info()).get_traceback_text()
    assert "a mistake" in report
    assert_in_none(response.content.decode() + sinks())


@pytest.mark.asvs("V14.2.4")
def test_no_page_shows_it_to_anybody(
    azure: SandboxProcess, alice: User, bob: User, carol: User, dan: User, sinks: Any
) -> None:
    reimage_request = request_reimage(alice, "web-02", parameters=PARAMETERS)
    for person in (alice, bob, carol, dan):
        for path in ("", "progress"):
            page = client_of(person).get(f"/requests/{reimage_request.pk}/{path}").content.decode()
            assert "canary" not in page.casefold()
    assert_in_none(sinks())
