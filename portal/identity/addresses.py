"""Where a browser may be sent: to a path of our own, or out to Entra ID by a page that no form's policy stops."""

from inspect import getclosurevars, isfunction
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from portal.identity.decorators import is_recorded


def own_path(candidate: str | None) -> str:
    """The candidate if it is a path on this site that a browser may be sent to, else the same without query, or "/"."""
    text = candidate or ""
    if not (text.startswith("/") and url_has_allowed_host_and_scheme(text, allowed_hosts=None)):
        return "/"
    if {".", ".."} & set(unquote(text.partition("?")[0]).split("/")):  # browsers would go elsewhere
        return "/"
    return next(filter(_is_page, (text, urlsplit(text).path)), "/")


def _is_page(text: str) -> bool:
    """Not what only takes forms, such as the sign-out: whoever came back there would meet a 405.

    Nor what is recorded: of a way that led over Entra ID the browser says that another site began it, which is refused.
    What has no address of ours may pass: it ends on the page that says so.
    """
    try:
        address = urlsplit(text)
        view: Any = resolve(unquote(address.path)).func  # as the server reads it
    except (Resolver404, ValueError):
        return True
    if is_recorded(view, has_query=bool(address.query)):
        return False
    while view is not None:
        methods = getclosurevars(view).nonlocals.get("request_method_list") if isfunction(view) else None
        if methods is not None:  # Django's require_http_methods and its kin keep them there, and tell nobody
            return "GET" in methods
        view = getattr(view, "__wrapped__", None)
    return True


def own_address(route: str) -> str:
    """The full address of a route, as it is registered at Entra ID."""
    return settings.PUBLIC_URL + reverse(route)


def page_of(request: HttpRequest) -> str:
    """The path of the page that the person is looking at: for htmx and forms, the one that asked."""
    try:
        if HtmxDetails(request):
            return own_path(HtmxDetails(request).current_url_abs_path)
        if request.method in ("GET", "HEAD"):
            return own_path(request.get_full_path())
        referer = urlsplit(request.headers.get("Referer", ""))
    except ValueError:  # a header that is no address
        return "/"
    return own_path(referer._replace(scheme="", netloc="").geturl()) if referer.netloc == request.get_host() else "/"


def sign_in_address(*, next_path: str, notice: str = "") -> str:
    """The sign-in page that leads back to `next_path`."""
    parameters = {"next": next_path} | ({"notice": notice} if notice else {})
    return f"{reverse('identity:sign-in')}?{urlencode(parameters)}"


def sign_in_again_address(*, next_path: str) -> str:
    """Where a sign-in that is too old for a deed is renewed."""
    return f"{reverse('identity:sign-in-again')}?{urlencode({'next': next_path})}"


def leave_for(request: HttpRequest, address: str, *, because: str = "") -> HttpResponse:
    """Sends the browser to Entra ID by a page of its own.

    Chrome and Safari apply form-action to every redirect that follows a form (https://github.com/w3c/webappsec-csp/issues/8),
    and Entra ID may redirect on to a federated host that nobody can list beforehand. A refresh is not a form.
    """
    response = render(
        request, "identity/leaving.html", {"address": address, "host": urlsplit(address).netloc, "because": because}
    )
    response["Refresh"] = f"0;url={address}"
    return response
