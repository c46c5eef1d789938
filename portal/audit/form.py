"""The form that `record` gives every event. What has another one was put into the log past the portal.

Whoever may add events can add anything, for good. So one place says what an event is: pages, packs and exports tell
others as damaged, and audit_verify and docs/verify_audit.py refuse them both.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn

from portal.audit.actors import ActorKind
from portal.audit.canonical import DEEPEST, LARGEST_INTEGER, canonical_bytes
from portal.audit.catalogue import AUDIT_REDACTED
from portal.audit.models import LARGEST_BODY, Outcome
from portal.audit.personal import MARK

MEMBERS = {
    "version",
    "event_id",
    "occurred_at",
    "action",
    "outcome",
    "actor",
    "target",
    "related",
    "subject",
    "sequence",
    "previous_digest",
    "flags",
    "detail",
    "address",
    "session_reference",
    "http_request_id",
}
ACTOR, TARGET = {"kind", "tenant_id", "object_id", "name"}, {"kind", "id", "label"}
BODY_VERSION = 2  # since 2 with commitments in place of personal texts
LARGEST_SEQUENCE = 999_999
_ACTORS, _OUTCOMES = frozenset(ActorKind.values), frozenset(Outcome.values)
_ACTION = re.compile(r"[a-z0-9_]{1,60}\.[a-z0-9_]{1,60}")
SUBJECT = re.compile(r"[a-z_]+:[A-Za-z0-9-]+")  # any other could write words of a verdict
_FLAG = re.compile(r"[a-z][a-z0-9_]*")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# From the year 2000 to 8999: no time zone moves these to where no calendar reaches.
_BEYOND_16_BITS = re.compile(rb"[\xf0-\xf4]")  # first bytes of UTF-8
_TIME = re.compile(r"[2-8][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


class NotAnEvent(ValueError):
    """These bytes are none that `record` writes; the message says in which part."""


def _refused(text: str) -> NoReturn:
    raise NotAnEvent(f"{text[:40]} is no whole number")


def _whole(text: str) -> int:
    if abs(number := int(text)) > LARGEST_INTEGER:
        raise NotAnEvent(f"{text[:40]} is too large a number")
    return number


_decoder = json.JSONDecoder(parse_int=_whole, parse_float=_refused, parse_constant=_refused)
_sorted = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def event_in(stored: bytes) -> dict[str, Any]:
    """The body as it was recorded, with commitments in place of personal texts; raises NotAnEvent."""
    try:
        if len(stored) > LARGEST_BODY:
            raise NotAnEvent(f"it has more than {LARGEST_BODY} bytes")
        event: dict[str, Any] = _decoder.decode(stored.decode())
        _check_members(event)
        if not _is_canonical(event, stored):
            raise NotAnEvent("it is not in canonical form")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as err:
        raise err if isinstance(err, NotAnEvent) else NotAnEvent("it has another form") from None
    return event


def _is_canonical(event: Mapping[str, Any], stored: bytes) -> bool:
    """Most are seen to be so without a look at each member: a verifier asks this a million times.

    Code points sort as UTF-16 does where none is beyond 16 bits; a text is in form NFC if its strings are.
    """
    if _BEYOND_16_BITS.search(stored) or stored.count(b"{") + stored.count(b"[") > DEEPEST:
        return canonical_bytes(event) == stored
    text = _sorted(event)
    return text.encode() == stored and (text.isascii() or unicodedata.is_normalized("NFC", text))


def _check_members(event: Mapping[str, Any]) -> None:
    """Written out, and the quick questions first: audit_verify asks them of every event."""
    _demand(event.keys() == MEMBERS, "members")
    _demand(type(event["version"]) is int and 1 <= event["version"] <= BODY_VERSION, "version")
    _demand(_UUID.fullmatch(event["event_id"]) is not None, "event_id")
    _demand(_is_time(event["occurred_at"]), "occurred_at")
    _demand(_ACTION.fullmatch(event["action"]) is not None, "action")
    _demand(event["outcome"] in _OUTCOMES, "outcome")
    _demand(_is_actor(event["actor"]), "actor")
    _demand(event["target"] is None or _is_target(event["target"]), "target")
    _demand(type(event["related"]) is list and all(map(_is_target, event["related"])), "related")
    _demand(_is_placed(event["subject"], event["sequence"], event["previous_digest"]), "subject")
    _demand(type(event["flags"]) is list and all(map(_FLAG.fullmatch, event["flags"])), "flags")
    _demand(type(event["detail"]) is dict, "detail")
    _demand(_is_personal(event["address"]), "address")
    _demand(type(event["session_reference"]) is str is type(event["http_request_id"]), "session")
    if event["action"] == AUDIT_REDACTED.name:
        _demand(_is_redaction(event), "redaction")


def _demand(is_so: bool, part: str) -> None:
    if not is_so:
        raise NotAnEvent(f"its part {part!r} has another form")


def _is_time(text: str) -> bool:
    return _TIME.fullmatch(text) is not None and bool(datetime.fromisoformat(text))


def _is_actor(actor: Mapping[str, Any]) -> bool:
    return (
        actor.keys() == ACTOR
        and actor["kind"] in _ACTORS
        and type(actor["tenant_id"]) is str is type(actor["object_id"])
        and _is_personal(actor["name"])
    )


def _is_target(target: Mapping[str, Any]) -> bool:
    return (
        target.keys() == TARGET and type(target["kind"]) is str is type(target["id"]) and _is_personal(target["label"])
    )


def _is_personal(value: object) -> bool:
    """A text, or a commitment to one."""
    return type(value) is str or (
        type(value) is dict and value.keys() == {MARK} and bool(_DIGEST.fullmatch(value[MARK]))
    )


def _is_placed(subject: str, sequence: int | None, previous: str) -> bool:
    if not subject:
        return subject == previous == "" and sequence is None
    is_numbered = type(sequence) is int and 1 <= sequence <= LARGEST_SEQUENCE
    return is_numbered and bool(SUBJECT.fullmatch(subject)) and (not previous or bool(_DIGEST.fullmatch(previous)))


def _is_redaction(event: Mapping[str, Any]) -> bool:
    """It is looked up by its target, and names fields by their pointers."""
    fields = event["detail"]["fields"]
    return event["target"] is not None and type(fields) is list and all(type(field) is str for field in fields)
