"""The gate of every ARM route: api-version, bearer token, subscription, right. Knows apps, not people."""

from collections.abc import Sequence

import jwt
from starlette.requests import Request

from sandbox.arm.errors import ArmError
from sandbox.exchange import exchange_of, world_of
from sandbox.generation import SUBSCRIPTIONS
from sandbox.people import APPS, TENANT_ID, AppRegistration
from sandbox.settings import Settings

COMPUTE = ("2024-07-01",)
DISKS = ("2024-03-02",)
SUBSCRIPTION_LIST = ("2022-12-01",)
RESOURCE_GRAPH = ("2021-03-01", "2024-04-01")
PERMISSIONS = ("2022-04-01",)
ACTIVITY_LOG = ("2015-04-01",)

ARM_RESOURCES = ("https://management.azure.com", "https://management.core.windows.net")


def arm_audiences(settings: Settings) -> list[str]:
    """What a token for Resource Manager may be addressed to, with and without the slash that some clients add."""
    return [name + slash for name in (settings.https_url, *ARM_RESOURCES) for slash in ("", "/")]


def allow(request: Request, action: str, versions: Sequence[str]) -> AppRegistration:
    """The calling app, if the request may be served at all. Raises ArmError (400, 401, 403, 404)."""
    _check_api_version(request, versions)
    app = _authenticate(request)
    subscription = request.path_params.get("subscription")
    if subscription is not None and subscription not in SUBSCRIPTIONS:
        raise ArmError(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")
    if action.lower() not in {granted.lower() for granted in app.actions}:
        raise _not_authorized(app, action, request.url.path)
    return app


def _check_api_version(request: Request, versions: Sequence[str]) -> None:
    version = request.query_params.get("api-version")
    if not version:
        message = "The api-version query parameter (?api-version=) is required for all requests."
        raise ArmError(400, "MissingApiVersionParameter", message)
    if version not in versions:
        supported = ",".join(versions)
        message = f"The api-version '{version}' is invalid. The supported versions are '{supported}'."
        raise ArmError(400, "InvalidApiVersionParameter", message)


def _authenticate(request: Request) -> AppRegistration:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        message = "Authentication failed. The 'Authorization' header is missing."
        raise _unauthenticated(request, "AuthenticationFailed", message)
    try:
        claims = request.app.state.signing_key.verify(token, arm_audiences(world_of(request).settings))
    except jwt.ExpiredSignatureError as error:
        raise _unauthenticated(request, "ExpiredAuthenticationToken", "The access token has expired.") from error
    except jwt.InvalidAudienceError as error:
        message = "The access token has been obtained for wrong audience or resource."
        raise _unauthenticated(request, "InvalidAuthenticationTokenAudience", message) from error
    except jwt.InvalidTokenError as error:
        raise _unauthenticated(request, "InvalidAuthenticationToken", "The access token is invalid.") from error
    app = APPS[claims["appid"]]
    exchange_of(request).entry.authenticated_as = app.name
    return app


def _unauthenticated(request: Request, code: str, message: str) -> ArmError:
    authority = f"{world_of(request).settings.https_url}/{TENANT_ID}"
    challenge = f'Bearer authorization_uri="{authority}", error="invalid_token", error_description="{message}"'
    return ArmError(401, code, message, headers={"WWW-Authenticate": challenge})


def _not_authorized(app: AppRegistration, action: str, scope: str) -> ArmError:
    return ArmError(
        403,
        "AuthorizationFailed",
        f"The client '{app.client_id}' with object id '{app.object_id}' does not have authorization to perform action "
        f"'{action}' over scope '{scope}' or the scope is invalid. "
        "If access was recently granted, please refresh your credentials.",
    )
