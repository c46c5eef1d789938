"""Tells the log where each HTTP request comes from."""

from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from portal.audit.context import AuditContext, audit_context


class AuditContextMiddleware:
    """Sets the audit context for the length of a request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        context = AuditContext(
            address=address_of(request),
            http_request_id=getattr(request, "request_id", ""),
            session=getattr(request, "session", None),
        )
        with audit_context(context):
            return self.get_response(request)


def address_of(request: HttpRequest) -> str:
    """The client's address, or nothing where it is none.

    AUDIT_ADDRESS_SOURCE names a key of request.META. Of a list (X-Forwarded-For) only the last entry counts: the
    nearest proxy wrote it, all before it is whatever the client claims.
    """
    claimed = request.META.get(settings.AUDIT_ADDRESS_SOURCE, "").rsplit(",", 1)[-1].strip()
    try:
        return str(ip_address(claimed))
    except ValueError:
        return ""
