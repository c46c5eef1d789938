"""Microsoft Graph's list of users, as far as one asks for some by their ids. Reads people, changes nothing.

https://learn.microsoft.com/graph/api/user-list?view=graph-rest-1.0
"""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.exchange import world_of
from sandbox.graph import GraphError, claims_of
from sandbox.people import Person

PERMISSION = "User.Read.All"
_MOST_IDS = 15  # https://learn.microsoft.com/graph/filter-query-parameter: expressions of an `in` by default
_FILTER = re.compile(r"id in \(('[0-9a-f-]{36}'(?:, ?'[0-9a-f-]{36}')*)\)", re.IGNORECASE)


async def users(request: Request) -> Response:
    claims = claims_of(request)
    if PERMISSION not in claims.get("roles", []):
        raise GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    wanted, fields = _ids(request.query_params.get("$filter", "")), _fields(request.query_params.get("$select", ""))
    found = (person for person in world_of(request).directory.existing() if person.oid in wanted)
    metadata = f"{world_of(request).settings.https_url}/v1.0/$metadata#users({','.join(fields)})"
    value = [{name: account for name, account in _account(person).items() if name in fields} for person in found]
    return JSONResponse({"@odata.context": metadata, "value": value})


def _ids(text: str) -> set[str]:
    matched = _FILTER.fullmatch(text)
    if matched is None:
        raise GraphError(400, "BadRequest", "The sandbox knows one filter of users: id in ('…', '…').")
    ids = [quoted.strip(" '").lower() for quoted in matched[1].split(",")]
    if len(ids) > _MOST_IDS:
        message = f"Too many child clauses specified in search filter expression containing 'OR' operators: {len(ids)}."
        raise GraphError(400, "Request_UnsupportedQuery", f"{message} Max allowed: {_MOST_IDS}.")
    return set(ids)


def _fields(text: str) -> list[str]:
    """Graph leaves `accountEnabled` and the like out of what it answers unasked."""
    return [name.strip() for name in text.split(",") if name.strip()] or ["id", "displayName", "userPrincipalName"]


def _account(person: Person) -> dict[str, Any]:
    return {
        "id": person.oid,
        "displayName": person.name,
        "userPrincipalName": person.username,
        "accountEnabled": person.is_enabled,
        "signInSessionsValidFromDateTime": person.sessions_valid_from or "2026-01-01T00:00:00Z",
    }


ACCOUNT_ROUTES = [Route("/v1.0/users", users)]
