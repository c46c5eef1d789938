"""Takes out of Azure's words what we sent it in confidence: a refusal may quote the value that it refuses."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from urllib.parse import quote

from reimage.azure.calls import CallOutcome, Refused, Unknown
from reimage.azure.disguises import holds
from reimage.azure.errors import MAX_MESSAGE_LENGTH

CLEANSED = "***"
SHORTEST = 6  # below, a word of the message would be taken for a secret
LONGEST = 50_000  # no message of Azure's own is as long; what costs too much to search is not kept
RAW = "surrogateescape"  # customData need not be text: its bytes come back when this is encoded


def without_echoes(outcome: CallOutcome, body: Mapping[str, object] | None) -> CallOutcome:
    """The outcome as it may be kept: its words without the body's password and customData, and not too long."""
    clean = partial(cleansed, secrets=list(_secrets(body or {})))
    match outcome:
        case Refused():
            return replace(outcome, message=clean(outcome.message), code=clean(outcome.code))
        case Unknown():
            return replace(outcome, reason=clean(outcome.reason))
        case _:
            return outcome


def cleansed(text: str, secrets: Iterable[str]) -> str:
    """Azure's words without these secrets in any usual spelling, and none of its words where one is disguised.

    The longest first: its echo is no longer recognised once a shorter one was taken out of it. Cut afterwards, as half
    a secret is not recognised either.
    """
    for secret in sorted(filter(_is_long_enough, set(secrets)), key=len, reverse=True):
        for spelled in sorted(_spellings(secret), key=len, reverse=True):
            text = text.replace(spelled, CLEANSED)
        if len(text) > LONGEST or holds(text, secret):
            return CLEANSED
    return text[:MAX_MESSAGE_LENGTH]


def _is_long_enough(secret: str) -> bool:
    return len(secret) >= SHORTEST


def _spellings(secret: str) -> set[str]:
    """Those that leave the rest of the words useful, as each can be taken out alone."""
    encoded = base64.b64encode(secret.encode(errors=RAW)).decode()
    return {
        secret,
        quote(secret, errors=RAW),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        encoded,
        encoded.rstrip("="),
    }


def _secrets(body: Mapping[str, object]) -> Iterator[str]:
    profile = body.get("osProfile")
    if not isinstance(profile, Mapping):
        return
    yield from (str(value) for value in profile.values())
    if custom_data := profile.get("customData"):
        content = base64.b64decode(str(custom_data))
        yield from (content.decode(errors=errors) for errors in ("replace", RAW))
