"""Sealed events as lines for a SIEM: place, hash, and the event as it was sealed, so without personal texts."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import orjson
from django.db.models.functions import Length

from portal.audit.models import AuditEvent, AuditLeaf
from portal.audit.personal import PLAINTEXT_VERSION
from portal.audit.sealing.evidence import stored_bytes

BYTES = 5_000_000  # of bodies, a sending
SYSLOG_LIMIT = 8_000  # bytes; rsyslog cuts at 8,192 unless told otherwise
# Of bodies from before personal texts were kept apart, only what holds none.
_IMPERSONAL = ("version", "event_id", "occurred_at", "action", "outcome", "subject", "sequence", "flags")
_Leaf = tuple[int, bytes | memoryview, int]
_BULKY = ("detail", "related", "target")  # in the order in which they go


@dataclass(frozen=True)
class Line:
    """The event at this place of the log."""

    leaf_index: int
    content: dict[str, Any]

    def encoded(self, *, again: bool, limit: int = 0) -> bytes:
        """One line of JSON in ASCII: whatever a name holds, it ends where the line ends. 0 is no limit.

        An event that is too long goes without its bulky members, and says which.
        """
        content = self.content | ({"again": True} if again else {})
        line = _dumped(content)
        for name in _BULKY if limit else ():
            if len(line) <= limit or content["event"] is None:
                break
            event = {key: value for key, value in content["event"].items() if key != name}
            content = content | {"event": event, "left_out": [*content.get("left_out", ()), name]}
            line = _dumped(content)
        return line


def lines_from(start: int, end: int, count: int) -> list[Line]:
    """The first lines of the leaves [start, end). A leaf whose event was removed has a line too."""
    found = AuditLeaf.objects.placed().filter(leaf_index__gte=start, leaf_index__lt=end).order_by("leaf_index")
    leaves = _held([(*leaf,) for leaf in found.values_list("leaf_index", "leaf_hash", "event_id")[:count]])
    events = AuditEvent.objects.filter(pk__in=[key for *_, key in leaves]).values_list("pk", "body")
    bodies = {key: stored_bytes(body) for key, body in events}
    return [
        Line(index, {"leaf_index": index, "leaf_hash": bytes(hashed).hex(), "event": _event(bodies.get(key, b""))})
        for index, hashed, key in leaves
    ]


def _held(leaves: list[_Leaf]) -> list[_Leaf]:
    """The first ones, as far as memory goes: whoever may add events can add large ones."""
    events = AuditEvent.objects.filter(pk__in=[key for *_, key in leaves])
    size_of = dict(events.values_list("pk", Length("body")))
    sizes = accumulate(size_of.get(key) or 0 for *_, key in leaves)
    return leaves[: max(1, sum(size <= BYTES for size in sizes))]


def _event(body: bytes) -> dict[str, Any] | None:
    """None where the event was removed, or is none any more: audit_verify says more."""
    try:
        event = orjson.loads(body)  # no NaN, which is no JSON to others
        return event if event["version"] > PLAINTEXT_VERSION else dict(_members(event))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _members(event: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((name, event[name]) for name in _IMPERSONAL)
    actor = event["actor"]
    yield "actor", {name: actor[name] for name in ("kind", "tenant_id", "object_id")}


def _dumped(content: dict[str, Any]) -> bytes:
    try:
        return json.dumps(content, separators=(",", ":")).encode("ascii") + b"\n"
    except RecursionError:  # an event that was just not too deep to be read
        return _dumped(content | {"event": None})
