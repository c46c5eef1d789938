"""Where an event comes from: address, session and HTTP request, and nothing that would open the session."""

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from portal.audit.context import AuditContext, current_context
from portal.audit.middleware import AuditContextMiddleware, address_of
from portal.audit.models import AuditEvent
from portal.identity.models import User
from tests.audit.events import record_event
from tests.cast import client_of

KEY = "abcdefghijklmnopqrstuvwxyz123456"


@pytest.mark.asvs("V16.2.1")
def test_an_event_carries_where_it_comes_from(db: None) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7")
    request.session = SessionStore(KEY)
    request.request_id = "3f8e"

    def view(_request: HttpRequest) -> HttpResponse:
        record_event()
        return HttpResponse()

    AuditContextMiddleware(view)(request)
    event = AuditEvent.objects.get()
    assert (event.address_text, event.http_request_id) == ("192.0.2.7", "3f8e")
    assert event.session_reference == AuditContext(session=SessionStore(KEY)).session_reference


def test_the_context_ends_with_its_request_even_if_that_fails() -> None:
    def view(_request: HttpRequest) -> HttpResponse:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        AuditContextMiddleware(view)(RequestFactory().get("/"))
    assert current_context() == AuditContext()


@pytest.mark.asvs("V16.2.5")
def test_a_session_reference_tells_sessions_apart_without_their_keys() -> None:
    one, other = (AuditContext(session=SessionStore(key)).session_reference for key in (KEY, KEY[::-1]))
    assert one != other
    assert KEY not in one
    assert len(one) == 32


def test_a_session_without_a_key_has_no_reference() -> None:
    assert AuditContext(session=SessionStore()).session_reference == ""
    assert AuditContext().session_reference == ""


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:DB8::7", "2001:db8::7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::7%eth0", "fe80::7"),
        ("", ""),
        ("<script>", ""),
        ("unix:", ""),
        ("192.0.2.7:port", ""),
        ("192.0.2.700:80", ""),
    ],
)
def test_it_keeps_an_address_only_if_it_is_one(address: str, expected: str) -> None:
    assert address_of(RequestFactory().get("/", REMOTE_ADDR=address)) == expected


@pytest.mark.asvs("V4.1.3", "V15.3.4")
def test_it_does_not_believe_a_forwarded_address_unless_told_to() -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7", HTTP_X_FORWARDED_FOR="198.51.100.1")
    assert address_of(request) == "192.0.2.7"


@pytest.mark.asvs("V4.1.3", "V15.3.4")
def test_it_believes_the_nearest_proxy_if_told_to(settings: object) -> None:
    settings.AUDIT_ADDRESS_SOURCE = "HTTP_X_FORWARDED_FOR"
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7", HTTP_X_FORWARDED_FOR="203.0.113.9, 198.51.100.1")
    assert address_of(request) == "198.51.100.1"


def test_a_request_through_the_whole_site_has_a_context(eve: User) -> None:
    response = client_of(eve).get("/audit/", REMOTE_ADDR="192.0.2.7")
    event = AuditEvent.objects.get(action="access.refused")
    assert event.address_text == "192.0.2.7"
    assert event.http_request_id == response["X-Request-ID"]
    assert len(event.session_reference) == 32
