"""Whoever is refused leaves a trace, although what they tried was rolled back."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import InterfaceError, OperationalError, transaction
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django import Settings
from structlog.testing import capture_logs

from portal.audit import refusals
from portal.audit.disclosure import disclosed_body
from portal.audit.models import AuditEvent
from portal.audit.refusals import record_refusal
from portal.errors import NotAllowed, Problem, Unavailable, WrongState
from portal.identity.models import User
from tests.audit.events import record_event
from tests.cast import client_of


def request_by(user: User | AnonymousUser) -> HttpRequest:
    request = RequestFactory().post("/requests/12/decision?next=/")
    request.user = user
    return request


@pytest.mark.asvs("V16.3.2")
def test_it_records_a_refusal_for_a_missing_role(eve: User) -> None:
    assert client_of(eve).get("/audit/").status_code == 403
    event = AuditEvent.objects.get(action="access.refused")
    assert (event.outcome, event.actor_text) == ("refused", "Eve Endo")
    assert (event.target_kind, event.target_id) == ("page", "/audit/")
    assert disclosed_body(event)["detail"] == {
        "method": "GET",
        "route": "audit:events",
        "message": "The audit log is for people with the app role Reimage.Auditor.",
    }


@pytest.mark.asvs("V16.3.2")
def test_it_records_an_act_that_came_too_late(bob: User) -> None:
    record_refusal(request_by(bob), WrongState("Already approved by Dan Date."))
    event = AuditEvent.objects.get()
    assert (event.action, event.outcome, event.flag_names) == ("access.refused", "refused", ["wrong_state"])
    assert event.target_id == "/requests/12/decision"


@pytest.mark.django_db(transaction=True)
def test_it_records_a_refusal_whose_own_transaction_was_rolled_back(eve: User) -> None:
    with transaction.atomic():
        record_event()
        transaction.set_rollback(True)
    record_refusal(request_by(eve), NotAllowed("Nobody decides a request of their own."))
    assert [event.actor_text for event in AuditEvent.objects.all()] == ["Eve Endo"]


def test_it_records_somebody_who_has_not_signed_in(db: None) -> None:
    record_refusal(request_by(AnonymousUser()), NotAllowed("No."))
    event = AuditEvent.objects.get()
    assert (event.actor_kind, event.actor_text, event.actor_object_id) == ("unknown", "", "")


@pytest.mark.asvs("V16.3.2")
def test_a_deed_on_what_one_may_not_see_is_recorded_and_a_look_is_a_line_of_the_log(eve: User) -> None:
    client = client_of(eve)
    with capture_logs() as lines:
        assert client.get("/requests/999999/").status_code == 404
        assert client.post("/requests/999999/approve").status_code == 404
    event = AuditEvent.objects.get(action="access.refused")
    assert (event.actor_text, event.target_id) == ("Eve Endo", "/requests/999999/approve")
    told = [(line["person"], line["method"], line["path"], line["problem"]) for line in lines]
    assert told == [
        (str(eve.object_id), "GET", "/requests/999999/", "NotFound"),
        (str(eve.object_id), "POST", "/requests/999999/approve", "NotFound"),
    ]


@pytest.mark.asvs("V2.4.1")
def test_somebody_who_is_refused_again_and_again_fills_no_audit_log(eve: User, bob: User, settings: Settings) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"refusal": 2}
    client = client_of(eve)
    with capture_logs() as lines:
        assert {client.get("/audit/").status_code for _ in range(5)} == {403}
    events = AuditEvent.objects.filter(action="access.refused").order_by("pk")
    assert [event.flag_names for event in events] == [[], ["further_in_log"]]
    assert [line["event"] for line in lines] == ["access.refused"] * 5
    client_of(bob).get("/audit/")
    assert [event.actor_text for event in events.all()] == ["Eve Endo"] * 2 + ["Bob Baba"]


@pytest.mark.asvs("V16.3.2")
def test_and_hides_no_other_attempt_by_it(eve: User, settings: Settings) -> None:
    """Of another kind, or at another page."""
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"refusal": 1}
    client = client_of(eve)
    for number in range(999_990, 999_999):
        client.post(f"/requests/{number}/approve")
    client.post("/requests/999999/reject")
    client.get("/access/")
    events = AuditEvent.objects.filter(action="access.refused").order_by("pk")
    assert [event.target_id for event in events] == ["/requests/999990/approve", "/requests/999999/reject", "/access/"]


@pytest.mark.parametrize("error", [OperationalError("database is locked"), InterfaceError("connection already closed")])
def test_where_nothing_can_be_counted_the_refusal_is_explained_and_told(
    eve: User, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def away(*_arguments: object, **_more: object) -> None:
        raise error

    monkeypatch.setattr("portal.middleware.count", away)
    assert client_of(eve).get("/audit/").status_code == 403
    assert AuditEvent.objects.filter(action="access.refused").count() == 1


@pytest.mark.parametrize("problem", [Unavailable("?"), Problem("?")])
def test_it_does_not_record_what_is_no_refusal(eve: User, problem: Problem) -> None:
    record_refusal(request_by(eve), problem)
    assert not AuditEvent.objects.exists()


def test_it_still_explains_the_refusal_if_the_log_cannot_be_written(eve: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(**_event: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(refusals, "record", locked)
    with capture_logs() as lines:
        response = client_of(eve).get("/audit/")
    assert response.status_code == 403
    assert [line["event"] for line in lines] == ["access.refused", "refusal_not_recorded"]
