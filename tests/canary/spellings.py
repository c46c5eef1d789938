"""How a program could write a secret down: every spelling that the search knows, as bytes."""

import base64
import json
from collections.abc import Mapping
from urllib.parse import quote, quote_plus

from django.utils.html import escape

PASSWORD = 'Canary-"7é-Horse'
OTHER_PASSWORD = "Second-Canary-9-Mule"
DATA = b"#cloud-config canary-7-data"
URL_SAFE = bytes.maketrans(b"+/", b"-_")


def spellings(secret: str) -> dict[str, bytes]:
    """By name; of base64 the part that is the same whatever stands before and after."""
    once, readable = json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]
    texts = {
        "plain": secret,
        "url": quote(secret, safe=""),
        "form": quote_plus(secret),
        "json": once,
        "readable json": readable,
        "json in json": json.dumps(once)[1:-1],
        "html": escape(secret),
        "repr": repr(secret)[1:-1],
        "hex": secret.encode().hex(),
    }
    found = {name: text.encode() for name, text in texts.items()}
    for byte_order in ("le", "be"):
        found[f"utf-16-{byte_order}"] = secret.encode(f"utf-16-{byte_order}")
    for offset in range(3):
        found[f"base64 at {offset}"] = _inner_base64(secret.encode(), offset)
        found[f"base64url at {offset}"] = _inner_base64(secret.encode(), offset).translate(
            bytes.maketrans(b"+/", b"-_")
        )
    return found


def leaks(sinks: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Sink and spelling, wherever one of the secrets stands."""
    needles = [
        (name, needle)
        for secret in (PASSWORD, OTHER_PASSWORD, DATA.decode())
        for name, needle in spellings(secret).items()
    ]
    return [(sink, name) for sink, content in sinks.items() for name, needle in needles if needle in content]


def _inner_base64(secret: bytes, offset: int) -> bytes:
    """What of the base64 depends on the secret alone, with `offset` bytes before it in its group of three."""
    encoded = base64.b64encode(bytes(offset) + secret).rstrip(b"=")
    begin, end = (0, 2, 3)[offset], len(encoded) - bool((offset + len(secret)) % 3)
    return encoded[begin:end]
