"""What the columns of an event say, computed from its body alone: a column that differs has been tampered with."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from portal.audit.models import TEXT_LENGTH
from portal.audit.text import searchable


def columns_of(body: bytes) -> dict[str, Any]:
    """Every column that repeats a part of the body. Long texts are cut; the body has them whole."""
    event = json.loads(body)
    target = event["target"] or {"kind": "", "id": "", "label": ""}
    return {
        "event_id": UUID(event["event_id"]),
        "occurred_at": datetime.fromisoformat(event["occurred_at"]),
        **_prefixed("actor", event["actor"]),
        **_prefixed("target", target),
        "search_text": _search_text([target, *event["related"]]),
        "flags": f" {' '.join(event['flags'])} " if event["flags"] else "",
        **{name: event[name] for name in ("action", "outcome", "subject", "sequence", "previous_digest")},
        **{name: event[name][:64] for name in ("address", "session_reference", "http_request_id")},
    }


def _prefixed(prefix: str, parts: Mapping[str, str]) -> dict[str, str]:
    return {f"{prefix}_{name}": text[:TEXT_LENGTH] for name, text in parts.items()}


def _search_text(targets: list[dict[str, str]]) -> str:
    """Keys and labels of all that the event is about."""
    words = [target[part] for target in targets for part in ("label", "id") if target[part]]
    return searchable("\n".join(dict.fromkeys(words)))
