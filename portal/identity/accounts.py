"""What Entra ID says of accounts at this moment: whether they exist, are enabled, and since when sessions count.

Asked of Microsoft Graph as an application, with the permission User.Read.All (docs/azure-setup.md).
"""

import re
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

import requests
from django.conf import settings

from portal.identity.http import entra_session
from portal.identity.own_token import forget_own_token, own_token

# https://learn.microsoft.com/graph/filter-query-parameter: an `in` may list 15
ACCOUNTS_PER_QUESTION = 15
FIELDS = "id,accountEnabled,signInSessionsValidFromDateTime"
NOT_THERE = (HTTPStatus.NOT_FOUND, "Request_ResourceNotFound")
UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError)


class AccountsUnknown(Exception):
    """Graph did not say. The message tells an operator why, and holds no token."""


@dataclass(frozen=True)
class Account:
    """Sessions that began before `sessions_valid_from` were revoked at Entra ID."""

    exists: bool = True
    is_enabled: bool = True
    sessions_valid_from: datetime | None = None


GONE = Account(exists=False, is_enabled=False)


def accounts_of(object_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Account]:
    """Each of these accounts of which Graph says something readable; the others are left out.

    One that a list lacks may be too new for it, so it is asked for by itself before it counts as gone. Raises
    AccountsUnknown where Graph refuses or gives half an answer, and Unavailable where Entra ID does.
    """
    found: dict[uuid.UUID, Account | None] = {}
    wanted = sorted(set(object_ids))
    for start in range(0, len(wanted), ACCOUNTS_PER_QUESTION):
        asked = wanted[start : start + ACCOUNTS_PER_QUESTION]
        listed = _list(asked)
        missing = [object_id for object_id in asked if object_id not in listed]
        found |= listed | dict.fromkeys(filter(_is_gone, missing), GONE)
    return {object_id: account for object_id in wanted if (account := found.get(object_id)) is not None}


def _list(object_ids: list[uuid.UUID]) -> dict[uuid.UUID, Account | None]:
    """None for an account of which the list says nothing readable."""
    quoted = ",".join(f"'{object_id}'" for object_id in object_ids)
    response = _get("users", {"$filter": f"id in ({quoted})", "$select": FIELDS})
    try:
        answer = response.json()
        rows = answer["value"]
        if response.status_code == HTTPStatus.OK and isinstance(rows, list) and "@odata.nextLink" not in answer:
            return {uuid.UUID(row["id"]): _account(row) for row in rows}
    except UNREADABLE:
        pass
    raise _refusal(response)


def _is_gone(object_id: uuid.UUID) -> bool:
    response = _get(f"users/{object_id}", {"$select": "id"})
    if response.status_code == HTTPStatus.OK:
        return False
    if (response.status_code, _code_of(response)) == NOT_THERE:
        return True
    raise _refusal(response)


def _get(path: str, query: Mapping[str, str]) -> requests.Response:
    headers = {"Authorization": f"Bearer {own_token()}"}
    try:
        return entra_session().get(f"{settings.GRAPH_URL}/v1.0/{path}", params=query, headers=headers)
    except OSError as err:
        raise AccountsUnknown(f"Graph did not answer ({type(err).__name__}).") from None


def _account(row: Mapping[str, Any]) -> Account | None:
    try:
        is_enabled, valid_from = row["accountEnabled"], row["signInSessionsValidFromDateTime"]
        if isinstance(is_enabled, bool):
            since = datetime.fromisoformat(valid_from) if valid_from else None
            return Account(is_enabled=is_enabled, sessions_valid_from=since)
    except UNREADABLE:
        pass
    return None


def _refusal(response: requests.Response) -> AccountsUnknown:
    """A permission that was granted meanwhile stands in the next token alone."""
    if response.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        forget_own_token()
    return AccountsUnknown(f"Graph's answer cannot be used ({response.status_code} {_code_of(response)}).")


def _code_of(response: requests.Response) -> str:
    """Graph's word for the error; its message may name more than a log should hold."""
    try:
        code = str(response.json()["error"]["code"])
    except UNREADABLE:
        code = ""
    return code if re.fullmatch(r"\w{1,60}", code, re.ASCII) else "without a code"
