"""What a verified ID token says about a person. Reads claims; whether they may be believed is settled in tokens.py."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from portal.identity.errors import MissingClaim


@dataclass(frozen=True, kw_only=True)
class Claims:
    """A person at one sign-in. Only (tenant_id, object_id) identifies; names and addresses are for display.

    `groups_overage`: the person is in too many groups, so the token lists none of them.
    `auth_time`: when they last proved who they are, if Entra ID is set up to say so.
    `contexts`: the authentication contexts (`acrs`) that this sign-in satisfied.
    """

    tenant_id: uuid.UUID
    object_id: uuid.UUID
    issued_at: datetime
    name: str
    email: str = ""
    app_roles: tuple[str, ...] = ()
    group_ids: tuple[uuid.UUID, ...] = ()
    groups_overage: bool = False
    auth_time: datetime | None = None
    contexts: tuple[str, ...] = ()
    login_hint: str = ""


def read_claims(payload: Mapping[str, Any]) -> Claims:
    """Raises MissingClaim if `tid` or `oid` is absent or no GUID, or `iat` no time."""
    user_name = _text(payload, "preferred_username")
    return Claims(
        tenant_id=required_guid(payload, "tid"),
        object_id=required_guid(payload, "oid"),
        issued_at=_required_instant(payload, "iat"),
        name=_text(payload, "name") or user_name or _text(payload, "oid"),
        email=_text(payload, "email") or (user_name if "@" in user_name else ""),
        app_roles=tuple(sorted(set(_texts(payload, "roles")))),
        group_ids=_guids(payload, "groups"),
        groups_overage=_has_overage(payload),
        auth_time=_instant(payload, "auth_time"),
        contexts=tuple(sorted(set(_texts(payload, "acrs")))),
        login_hint=_text(payload, "login_hint"),
    )


def required_guid(payload: Mapping[str, Any], name: str) -> uuid.UUID:
    """The claim as a GUID; raises MissingClaim otherwise."""
    try:
        return uuid.UUID(_text(payload, name))
    except ValueError:
        raise MissingClaim(name) from None


def _required_instant(payload: Mapping[str, Any], name: str) -> datetime:
    instant = _instant(payload, name)
    if instant is None:
        raise MissingClaim(name)
    return instant


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    return _storable(value) if isinstance(value, str) else ""


def _storable(text: str) -> str:
    """Without what no database column takes: NUL and lone surrogates."""
    return text.replace("\0", "").encode(errors="replace").decode()


def _texts(payload: Mapping[str, Any], name: str) -> list[str]:
    values = payload.get(name)
    return [_storable(value) for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _guids(payload: Mapping[str, Any], name: str) -> tuple[uuid.UUID, ...]:
    """Groups can be configured to come as names, which anybody may reuse: only ids count."""
    found = set()
    for text in _texts(payload, name):
        try:
            found.add(uuid.UUID(text))
        except ValueError:
            continue
    return tuple(sorted(found))


def _has_overage(payload: Mapping[str, Any]) -> bool:
    """https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference#groups-overage-claim"""
    elsewhere = payload.get("_claim_names")
    return (isinstance(elsewhere, dict) and "groups" in elsewhere) or payload.get("hasgroups") in (True, "true")


def _instant(payload: Mapping[str, Any], name: str) -> datetime | None:
    value = payload.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**33:
        return datetime.fromtimestamp(value, UTC)
    return None
