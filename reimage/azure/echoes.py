"""Takes out of Azure's words what we sent it in confidence: a refusal may quote the value that it refuses."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from urllib.parse import quote

from reimage.azure.calls import CallOutcome, Refused, Unknown
from reimage.azure.errors import MAX_MESSAGE_LENGTH

CLEANSED = "***"
SHORTEST = 6  # below, a word of the message would be taken for a secret


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
    """Azure's words without these secrets in any usual spelling; cut afterwards, as half a secret is not recognised."""
    for spelled in sorted({spelled for secret in secrets for spelled in _spellings(secret)}, key=len, reverse=True):
        text = text.replace(spelled, CLEANSED)
    return text[:MAX_MESSAGE_LENGTH]


def _spellings(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode()
    spellings = {
        secret,
        quote(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        encoded,
        encoded.rstrip("="),
    }
    return {spelled for spelled in spellings if len(spelled) >= SHORTEST}


def _secrets(body: Mapping[str, object]) -> Iterator[str]:
    profile = body.get("osProfile")
    if not isinstance(profile, Mapping):
        return
    yield from (str(value) for value in profile.values())
    if custom_data := profile.get("customData"):
        yield base64.b64decode(str(custom_data)).decode(errors="replace")
