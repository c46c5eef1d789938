"""The HTTP session that talks to Entra ID and Graph: bounded in time, trusting what AZURE_CA_BUNDLE says."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import jwt
import requests
import structlog
from django.conf import settings
from django.utils.translation import gettext as _
from msal.exceptions import MsalError
from requests.adapters import HTTPAdapter

from portal.errors import Unavailable

CONNECT_SECONDS, READ_SECONDS = 5, 15
# No answer (requests' own errors are OSErrors, a missing CA bundle is a bare one), an HTTP error as msal tells it,
# a key that is none, no JSON, and JSON of another shape.
UNREADABLE = (OSError, MsalError, jwt.PyJWTError, ValueError, LookupError, TypeError, AttributeError)

logger = structlog.get_logger(__name__)


class EntraAdapter(HTTPAdapter):
    """Requests would let REQUESTS_CA_BUNDLE override a session's `verify`; an adapter has the last word."""

    def __init__(self, ca_bundle: str) -> None:
        super().__init__()
        self.ca_bundle = ca_bundle

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        return super().send(
            request,
            stream=stream,
            timeout=timeout or (CONNECT_SECONDS, READ_SECONDS),
            verify=self.ca_bundle or verify,
            cert=cert,
            proxies=proxies,
        )


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An `auth` that adds nothing: without one, requests would put ~/.netrc's password over a bearer token."""
    return request


@lru_cache(maxsize=8)
def _session(ca_bundle: str) -> requests.Session:
    session = requests.Session()
    session.mount("https://", EntraAdapter(ca_bundle))
    session.auth = _no_netrc
    session.max_redirects = 0  # only the configured hosts are talked to
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # many people share this session
    return session


def entra_session() -> requests.Session:
    """The shared session; proxies come from the environment, the trusted authorities do not."""
    return _session(settings.AZURE_CA_BUNDLE)


@contextmanager
def reaching_entra() -> Iterator[None]:
    """Turns silence and unreadable answers into `Unavailable`, which says what to do."""
    try:
        yield
    except UNREADABLE as err:
        logger.warning("entra_unavailable", authority=settings.ENTRA_AUTHORITY, error=type(err).__name__)
        raise Unavailable(
            _("Microsoft Entra ID does not answer, so nobody can sign in at the moment. Nothing was changed."),
            _("Wait a minute and try again. If it lasts, tell your administrator."),
        ) from err
