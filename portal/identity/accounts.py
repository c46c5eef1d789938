"""What Entra ID says of accounts at this moment: whether they exist, are enabled, and since when sessions count.

Asked of Microsoft Graph as the portal itself, with the application permission User.Read.All (docs/azure-setup.md).
"""

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.conf import settings

from portal.identity.entra import application_token
from portal.identity.http import entra_session

# https://learn.microsoft.com/graph/filter-query-parameter: an `in` may list 15
ACCOUNTS_PER_QUESTION = 15
FIELDS = "id,accountEnabled,signInSessionsValidFromDateTime"


class AccountsUnknown(Exception):
    """Graph did not say. The message tells an operator why, and holds no token."""


@dataclass(frozen=True)
class Account:
    """An account that exists. Sessions that began before `sessions_valid_from` were revoked at Entra ID."""

    is_enabled: bool
    sessions_valid_from: datetime | None


def accounts_of(object_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Account]:
    """Those of these accounts that exist, asked anew. Raises AccountsUnknown, Unavailable: half an answer is none."""
    found: dict[uuid.UUID, Account] = {}
    wanted = sorted(set(object_ids))
    for start in range(0, len(wanted), ACCOUNTS_PER_QUESTION):
        found |= _ask_graph(wanted[start : start + ACCOUNTS_PER_QUESTION], token=application_token())
    return found


def _ask_graph(object_ids: list[uuid.UUID], *, token: str) -> dict[uuid.UUID, Account]:
    quoted = ",".join(f"'{object_id}'" for object_id in object_ids)
    try:
        response = entra_session().get(
            f"{settings.GRAPH_URL}/v1.0/users",
            params={"$filter": f"id in ({quoted})", "$select": FIELDS},
            headers={"Authorization": f"Bearer {token}"},
        )
        if response.status_code == HTTPStatus.OK:
            return {uuid.UUID(row["id"]): _account(row) for row in response.json()["value"]}
        refusal = f"{response.status_code} {_code_of(response.json())}"
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as err:
        raise AccountsUnknown(f"Graph gave no answer that can be read ({type(err).__name__}).") from None
    raise AccountsUnknown(f"Graph refused ({refusal}).")


def _account(row: Mapping[str, Any]) -> Account:
    is_enabled, valid_from = row["accountEnabled"], row["signInSessionsValidFromDateTime"]
    if not isinstance(is_enabled, bool):
        raise TypeError("accountEnabled")
    return Account(is_enabled, datetime.fromisoformat(valid_from) if valid_from else None)


def _code_of(answer: Mapping[str, Any]) -> str:
    """Graph's word for the error; its message may name more than a log should hold."""
    code = str(answer["error"]["code"])
    return code if re.fullmatch(r"\w{1,60}", code, re.ASCII) else "without a code"
