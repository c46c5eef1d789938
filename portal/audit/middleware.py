"""Tells the log where each HTTP request comes from."""

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from portal.audit.context import AuditContext, audit_context

# As some proxies write it, Azure's Application Gateway among them: 192.0.2.1:4711, [2001:db8::1]:4711.
_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?|([0-9.]+):\d{1,5}")


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
    address = _parsed(request.META.get(settings.AUDIT_ADDRESS_SOURCE, "").rsplit(",", 1)[-1].strip())
    return "" if address is None else str(address)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """An IPv4 address in IPv6's clothes is the IPv4 address, so that one client has one."""
    with_port = _WITH_PORT.fullmatch(text)
    try:
        address = ip_address((with_port[1] or with_port[2]) if with_port else text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
