"""The form that `record` gives every event. What has another one was put into the log past the portal.

Whoever may add events can add anything, for good. So one place says what an event is: pages, packs and exports tell
others as damaged, and audit_verify and docs/verify_audit.py refuse them both.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from portal.audit.canonical import DEEPEST, LARGEST_INTEGER, canonical_bytes
from portal.audit.catalogue import AUDIT_REDACTED
from portal.audit.folding import is_normalized
from portal.audit.models import LARGEST_BODY
from portal.audit.personal import LONGEST_FIELD, MARK, MOST_TEXTS, commitments_in

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
SMALL = 8_192  # bytes; to read a body takes orjson 13 times its room
MOST_VALUES = 50_000  # members, items and the like; three times those of the submission of fifty machines
SUBJECT = re.compile(r"[a-z_]+:[A-Za-z0-9-]+")  # any other could write words of a verdict
_FLAG = re.compile(r"[a-z][a-z0-9_]*")
_DIGEST = re.compile(r"[0-9a-f]{64}")
# Version, id, time, action, outcome, kind of actor; subject, number and the digest before, if any. The years are those
# from 2000 to 8999: no time zone moves them to where no calendar reaches.
_WORDS = re.compile(
    r"[12] [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12} "
    r"[2-8][0-9]{3}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z "
    r"[a-z0-9_]{1,60}\.[a-z0-9_]{1,60} (?:success|refused|failed) (?:person|system|unknown) "
    r"(?: None |[a-z_]+:[A-Za-z0-9-]+ [1-9][0-9]{0,9} (?:[0-9a-f]{64})?)"
)
_BEYOND_16_BITS = re.compile(rb"[\xf0-\xf4]")  # first bytes of UTF-8


class NotAnEvent(ValueError):
    """These bytes are none that `record` writes; the message says why."""


_MARK = MARK.encode()


def size_problem(stored: bytes) -> str:
    """What is too much about a body: nobody could show it, or hold many of its kind. Empty if nothing is."""
    if len(stored) > LARGEST_BODY:
        return f"it has more than {LARGEST_BODY} bytes"
    if len(stored) > MOST_VALUES and sum(map(stored.count, (b",", b"[", b"{"))) > MOST_VALUES:
        return f"it has more than {MOST_VALUES} commas and brackets"
    return ""


def event_in(stored: bytes) -> dict[str, Any]:
    """The body as it was recorded, with commitments in place of personal texts; raises NotAnEvent."""
    return event_and_commitments(stored)[0]


def event_and_commitments(stored: bytes) -> tuple[dict[str, Any], dict[str, str]]:
    """The same, and its commitments by their fields."""
    try:
        if problem := size_problem(stored):
            raise NotAnEvent(problem)
        event: dict[str, Any] = orjson.loads(stored) if len(stored) <= SMALL else json.loads(stored.decode())
        if not _has_form(event):
            raise NotAnEvent("its members are not those of an event")
        datetime.fromisoformat(event["occurred_at"])  # no month has a 32nd day
        if not (_is_plainly_canonical(event, stored) or canonical_bytes(event) == stored):
            raise NotAnEvent("it is not in canonical form")
        # Most bodies hold none, and to look through their members would take longer than to read them.
        return event, commitments_in(event) if _MARK in stored else {}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as err:
        raise err if isinstance(err, NotAnEvent) else NotAnEvent("it has another form") from None


def _is_plainly_canonical(event: Mapping[str, Any], stored: bytes) -> bool:
    """Most are seen to be so without a look at each member: a verifier asks this a million times.

    Code points sort as UTF-16 does where none is beyond 16 bits. A text of letters beyond ASCII is in form NFC if its
    strings are, unless one has an escape: the last letter of that would take a mark that follows.
    """
    is_ascii = stored.isascii()
    return (
        len(stored) <= SMALL
        and stored.count(b"{") + stored.count(b"[") <= DEEPEST
        and (is_ascii or not (b"\\" in stored or _BEYOND_16_BITS.search(stored)))
        and orjson.dumps(event, option=orjson.OPT_SORT_KEYS) == stored
        and _has_whole_numbers(event["detail"])  # all else is text, but for version and number
        and (is_ascii or is_normalized(stored.decode()))
    )


def _has_whole_numbers(value: object) -> bool:
    """And none that is too large."""
    if type(value) is dict:
        return all(map(_has_whole_numbers, value.values()))
    if type(value) is list:
        return all(map(_has_whole_numbers, value))
    return type(value) is not float and (type(value) is not int or abs(value) <= LARGEST_INTEGER)


def _has_form(event: Mapping[str, Any]) -> bool:
    """What is text, number or none stands in one line, where another type would not look like it.

    Written out: audit_verify asks this of every event.
    """
    actor, target, related, flags = event["actor"], event["target"], event["related"], event["flags"]
    words = (
        f"{event['version']!r} {event['event_id']} {event['occurred_at']} {event['action']} {event['outcome']} "
        f"{actor['kind']} {event['subject']} {event['sequence']!r} {event['previous_digest']}"
    )
    return (
        _WORDS.fullmatch(words) is not None
        and type(event["action"]) is str  # a fraction would look like one
        and event.keys() == MEMBERS
        and actor.keys() == ACTOR
        and type(actor["tenant_id"]) is str is type(actor["object_id"])
        and _is_personal(actor["name"])
        and (target is None or _is_target(target))
        and type(related) is list
        and all(map(_is_target, related))
        and type(flags) is list
        and all(map(_FLAG.fullmatch, flags))
        and type(event["detail"]) is dict
        and MARK not in event["detail"]
        and _is_personal(event["address"])
        and type(event["session_reference"]) is str is type(event["http_request_id"])
        and (event["action"] != AUDIT_REDACTED.name or _is_redaction(event))
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


def _is_redaction(event: Mapping[str, Any]) -> bool:
    """It is looked up by its target, and names fields by their pointers."""
    fields = event["detail"]["fields"]
    return (
        event["target"] is not None
        and type(fields) is list
        and len(fields) <= MOST_TEXTS
        and all(type(field) is str and len(field) <= LONGEST_FIELD for field in fields)
    )
