"""Microsoft Graph v1.0: who somebody is, who manages them, which groups they are in. Knows no machines.

https://learn.microsoft.com/graph/api/overview?view=graph-rest-1.0
"""

from typing import Any

import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.arm.access import arm_audiences
from sandbox.entra.tokens import GRAPH_AUDIENCE
from sandbox.exchange import exchange_of, world_of
from sandbox.people import APPS, GROUP_NAMES, OVERAGE_GROUPS, Person

_MOST_GROUPS_TO_CHECK = 20


class GraphError(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


async def answer_graph_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, GraphError)  # noqa: S101 - registered for this class only
    inner = {
        "date": f"{world_of(request).clock.now():%Y-%m-%dT%H:%M:%S}",
        "request-id": exchange_of(request).request_id,
        "client-request-id": request.headers.get("client-request-id", exchange_of(request).request_id),
    }
    body = {"error": {"code": error.code, "message": error.message, "innerError": inner}}
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
    return JSONResponse(body, error.status, headers=headers)


async def user(request: Request) -> Response:
    return _entity(request, "users", _person(_subject(request)))


async def manager(request: Request) -> Response:
    subject = _subject(request)
    if subject.manager is None:
        message = "Resource 'manager' does not exist or one of its queried reference-property objects are not present."
        raise GraphError(404, "Request_ResourceNotFound", message)
    person = _person(world_of(request).directory.people[subject.manager])
    return _entity(request, "directoryObjects", {"@odata.type": "#microsoft.graph.user", **person})


async def check_member_groups(request: Request) -> Response:
    subject, asked = _subject(request), (await _body(request)).get("groupIds")
    if not isinstance(asked, list) or len(asked) > _MOST_GROUPS_TO_CHECK:
        message = f"groupIds must be a list of at most {_MOST_GROUPS_TO_CHECK} group ids."
        raise GraphError(400, "Request_BadRequest", message)
    return _ids(request, [group for group in asked if group in subject.all_groups])


async def get_member_groups(request: Request) -> Response:
    subject = _subject(request)
    if not isinstance((await _body(request)).get("securityEnabledOnly"), bool):
        raise GraphError(400, "Request_BadRequest", "securityEnabledOnly must be true or false.")
    return _ids(request, subject.all_groups)


async def group(request: Request) -> Response:
    claims_of(request)
    group_id = request.path_params["group"]
    names = {**GROUP_NAMES, **{overage: f"group-{overage[-4:]}" for overage in OVERAGE_GROUPS}}
    if group_id not in names:
        raise _not_found(group_id)
    return _entity(request, "groups", {"id": group_id, "displayName": names[group_id], "securityEnabled": True})


def claims_of(request: Request) -> dict[str, Any]:
    token = request.headers.get("authorization", "").partition(" ")[2]
    audiences = [GRAPH_AUDIENCE, *arm_audiences(world_of(request).settings)]
    try:
        claims: dict[str, Any] = request.app.state.signing_key.verify(token, audiences)
    except jwt.InvalidTokenError as error:
        raise GraphError(401, "InvalidAuthenticationToken", "Access token is missing, expired or invalid.") from error
    person = world_of(request).directory.people.get(claims["oid"])
    exchange_of(request).entry.authenticated_as = person.name if person else APPS[claims["appid"]].name
    return claims


def _subject(request: Request) -> Person:
    """Whom the request is about: the signed-in person for /me, anybody for an app."""
    claims, people = claims_of(request), world_of(request).directory.people
    wanted = request.path_params.get("user")
    if wanted is None and claims["idtyp"] == "app":
        raise GraphError(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
    person = people.get(wanted or claims["oid"])
    if person is None or person.is_deleted:
        raise _not_found(str(wanted))
    if claims["idtyp"] == "user" and person.oid != claims["oid"]:
        raise GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    return person


def _not_found(object_id: str) -> GraphError:
    message = f"Resource '{object_id}' does not exist or one of its queried reference-property objects are not present."
    return GraphError(404, "Request_ResourceNotFound", message)


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError as error:
        raise GraphError(400, "BadRequest", "Unable to read JSON request payload.") from error
    return body if isinstance(body, dict) else {}


def _person(person: Person) -> dict[str, Any]:
    return {
        "id": person.oid,
        "displayName": person.name,
        "givenName": person.given_name,
        "surname": person.surname,
        "userPrincipalName": person.username,
        "mail": person.username,
    }


def _entity(request: Request, kind: str, entity: dict[str, Any]) -> Response:
    metadata = f"{world_of(request).settings.https_url}/v1.0/$metadata"
    return JSONResponse({"@odata.context": f"{metadata}#{kind}/$entity", **entity})


def _ids(request: Request, ids: list[str]) -> Response:
    metadata = f"{world_of(request).settings.https_url}/v1.0/$metadata"
    return JSONResponse({"@odata.context": f"{metadata}#Collection(Edm.String)", "value": ids})


def _about_a_person(prefix: str) -> list[Route]:
    return [
        Route(prefix, user),
        Route(f"{prefix}/manager", manager),
        Route(f"{prefix}/checkMemberGroups", check_member_groups, methods=["POST"]),
        Route(f"{prefix}/getMemberGroups", get_member_groups, methods=["POST"]),
    ]


GRAPH_ROUTES = [
    *_about_a_person("/v1.0/me"),
    *_about_a_person("/v1.0/users/{user}"),
    Route("/v1.0/groups/{group}", group),
]
