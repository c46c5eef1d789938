"""Takes out of Azure's words what we sent it in confidence: a refusal may quote the value that it refuses."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import quote

from reimage.azure.calls import CallOutcome, Refused

CLEANSED = "***"
SHORTEST = 6  # below, a word of the message would be taken for a secret


def without_echoes(outcome: CallOutcome, body: Mapping[str, object] | None) -> CallOutcome:
    """The outcome, its message and code free of the password and customData of the body in any usual spelling."""
    if not isinstance(outcome, Refused):
        return outcome
    message, code = outcome.message, outcome.code
    for secret in sorted(_spellings(body or {}), key=len, reverse=True):
        message, code = message.replace(secret, CLEANSED), code.replace(secret, CLEANSED)
    return replace(outcome, message=message, code=code)


def _spellings(body: Mapping[str, object]) -> set[str]:
    return {
        spelled
        for secret in _secrets(body)
        for spelled in (
            secret,
            quote(secret),
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
            base64.b64encode(secret.encode()).decode(),
            base64.b64encode(secret.encode()).decode().rstrip("="),
        )
        if len(spelled) >= SHORTEST
    }


def _secrets(body: Mapping[str, object]) -> Iterator[str]:
    profile = body.get("osProfile")
    if not isinstance(profile, Mapping):
        return
    yield from (str(value) for value in profile.values())
    if custom_data := profile.get("customData"):
        yield base64.b64decode(str(custom_data)).decode(errors="replace")
