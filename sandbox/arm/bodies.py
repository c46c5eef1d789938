"""Reading JSON bodies as strictly as Azure does. Knows no resource."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from sandbox.arm.errors import ArmError, bad_request


async def json_body(request: Request) -> dict[str, Any]:
    """The JSON object of a request, {} for no body at all. Raises ArmError 400 or 415."""
    raw = await request.body()
    if not raw:
        return {}
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        message = f"The content media type '{media_type}' is not supported. Only 'application/json' is supported."
        raise ArmError(415, "UnsupportedMediaType", message)
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise ArmError(400, "InvalidRequestContent", "The request content was invalid: it is no JSON.") from error
    if not isinstance(body, dict):
        raise ArmError(400, "InvalidRequestContent", "The request content was invalid: it is no JSON object.")
    return body


def members(value: Any, name: str, allowed: Mapping[str, type]) -> dict[str, Any]:
    """The known members of a JSON object that are set, by exact camelCase name. Raises ArmError 400."""
    if not isinstance(value, dict):
        raise bad_request(f"Could not convert '{name}' to an object.")
    for member, content in value.items():
        if member not in allowed:
            raise bad_request(f"Could not find member '{member}' on object of type '{name}'.")
        if content is not None and not isinstance(content, allowed[member]):
            raise bad_request(f"The value of '{name}.{member}' is not of type {allowed[member].__name__}.")
    return {member: content for member, content in value.items() if content is not None}
