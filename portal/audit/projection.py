"""What the columns of an event say, computed from its body alone: a column that differs has been tampered with."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from portal.audit.folding import searchable
from portal.audit.models import TEXT_LENGTH
from portal.audit.personal import commitments_in

_NO_TARGET = {"kind": "", "id": "", "label": ""}


def columns_of(body: bytes) -> dict[str, Any]:
    """Every column that repeats a part of the body. Long texts are cut; the body has them whole.

    A personal text is in no column: `personal_fields` says where the body has commitments to one.
    """
    event = json.loads(body)
    return columns_of_event(event, commitments_in(event))


def columns_of_event(event: Mapping[str, Any], commitments: Mapping[str, str]) -> dict[str, Any]:
    """The same of a body that has been read already, and the commitments in it.

    Written out, without loops over names: a verifier comes by here for every event.
    """
    actor, target, flags = event["actor"], event["target"], event["flags"]
    about = [target, *event["related"]] if target else event["related"]
    target = target or _NO_TARGET
    return {
        "event_id": UUID(event["event_id"]),
        "occurred_at": datetime.fromisoformat(event["occurred_at"]),
        "actor_kind": actor["kind"][:TEXT_LENGTH],
        "actor_tenant_id": actor["tenant_id"][:TEXT_LENGTH],
        "actor_object_id": actor["object_id"][:TEXT_LENGTH],
        "actor_name": _cut(actor["name"]),
        "action": event["action"],
        "outcome": event["outcome"],
        "target_kind": target["kind"][:TEXT_LENGTH],
        "target_id": target["id"][:TEXT_LENGTH],
        "target_label": _cut(target["label"]),
        "search_text": _search_text(about),
        "subject": event["subject"],
        "sequence": event["sequence"],
        "previous_digest": event["previous_digest"],
        "session_reference": event["session_reference"][:64],
        "address": _cut(event["address"], 64),
        "http_request_id": event["http_request_id"][:64],
        "flags": f" {' '.join(flags)} " if flags else "",
        "personal_fields": " ".join(commitments),
    }


def _cut(text: Any, length: int = TEXT_LENGTH) -> str:
    """Of a personal text nothing."""
    return text[:length] if type(text) is str else ""


def _search_text(targets: list[dict[str, Any]]) -> str:
    """Keys and labels of all that the event is about, but for the labels that are personal."""
    words = [word for target in targets for word in (target["label"], target["id"]) if word and type(word) is str]
    return searchable("\n".join(dict.fromkeys(words)))
