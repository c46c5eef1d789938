"""What the columns of an event say, computed from its body alone: a column that differs has been tampered with."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from portal.audit.models import TEXT_LENGTH
from portal.audit.personal import commitments_in, is_commitment
from portal.audit.text import searchable


def columns_of(body: bytes) -> dict[str, Any]:
    """Every column that repeats a part of the body. Long texts are cut; the body has them whole.

    A personal text is in no column: `personal_fields` says where the body has commitments to one.
    """
    event = json.loads(body)
    return columns_of_event(event, commitments_in(event))


def columns_of_event(event: Mapping[str, Any], commitments: Mapping[str, str]) -> dict[str, Any]:
    """The same of a body that has been read already, and the commitments in it."""
    target = event["target"] or {"kind": "", "id": "", "label": ""}
    return {
        "event_id": UUID(event["event_id"]),
        "occurred_at": datetime.fromisoformat(event["occurred_at"]),
        **_prefixed("actor", event["actor"]),
        **_prefixed("target", target),
        "search_text": _search_text([target, *event["related"]]),
        "flags": f" {' '.join(event['flags'])} " if event["flags"] else "",
        **{name: event[name] for name in ("action", "outcome", "subject", "sequence", "previous_digest")},
        **{name: _cut(event[name], 64) for name in ("address", "session_reference", "http_request_id")},
        "personal_fields": " ".join(commitments),
    }


def _prefixed(prefix: str, parts: Mapping[str, Any]) -> dict[str, str]:
    return {f"{prefix}_{name}": _cut(text, TEXT_LENGTH) for name, text in parts.items()}


def _cut(text: Any, length: int) -> str:
    if isinstance(text, str):  # first: a verifier comes by here ten times an event
        return text[:length]
    return "" if is_commitment(text) else text[:length]


def _search_text(targets: list[dict[str, Any]]) -> str:
    """Keys and labels of all that the event is about, but for the labels that are personal."""
    words = [target[part] for target in targets for part in ("label", "id") if target[part]]
    words = [word for word in words if not is_commitment(word)]
    return searchable("\n".join(dict.fromkeys(words)))
