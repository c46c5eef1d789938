"""Subscriptions - List and Get (api-version 2022-12-01)."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.arm.access import SUBSCRIPTION_LIST, allow
from sandbox.arm.rendering import Json
from sandbox.generation import SUBSCRIPTIONS
from sandbox.people import TENANT_ID

READ = "Microsoft.Resources/subscriptions/read"


async def list_all(request: Request) -> Response:
    allow(request, READ, SUBSCRIPTION_LIST)
    # The one list in these documents whose nextLink is required, and empty at the end.
    return JSONResponse({"value": [_model(subscription) for subscription in SUBSCRIPTIONS], "nextLink": ""})


async def get(request: Request) -> Response:
    allow(request, READ, SUBSCRIPTION_LIST)
    return JSONResponse(_model(request.path_params["subscription"]))


def _model(subscription_id: str) -> Json:
    return {
        "id": f"/subscriptions/{subscription_id}",
        "subscriptionId": subscription_id,
        "tenantId": TENANT_ID,
        "displayName": SUBSCRIPTIONS[subscription_id],
        "state": "Enabled",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
    }
