"""How a program could write a secret down: every spelling that the search knows, as bytes."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus

from django.utils.html import escape

# Each writer escapes other characters: one of every kind is in it, or the search would not tell the writers apart.
# The last three make every base64 of it one that differs from its base64url.
PASSWORD = """Canary/7+"'é & Horse???"""
OTHER_PASSWORD = "Second-Canary-9-Mule"
DATA = b"#cloud-config canary-7-data"
URL_SAFE = bytes.maketrans(b"+/", b"-_")
# https://learn.microsoft.com/dotnet/standard/serialization/system-text-json/character-encoding
LEFT_BY_DOTNET = {chr(code) for code in range(0x20, 0x7F)} - set("\"&'+<>\\`")
ESCAPE = re.compile(rb"""\\+(?:u([0-9a-fA-F]{4})|([/"'\\]))""")


def spellings(secret: str) -> dict[str, bytes]:
    """By name; of base64 the part that is the same whatever stands before and after."""
    once, readable = json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]
    texts = {
        "plain": secret,
        "url": quote(secret, safe=""),
        "url in small letters": re.sub("%..", lambda code: code[0].lower(), quote(secret, safe="")),
        "form": quote_plus(secret),
        "json": once,
        "readable json": readable,
        "json in json": json.dumps(once)[1:-1],
        "json of .NET": "".join(letter if letter in LEFT_BY_DOTNET else _escaped(letter) for letter in secret),
        "json of PHP": once.replace("/", "\\/"),
        "json of codes alone": "".join(map(_escaped, secret)),
        "html": escape(secret),
        "repr": repr(secret)[1:-1],
        "hex": secret.encode().hex(),
        "hex in capitals": secret.encode().hex().upper(),
    }
    found = {name: text.encode() for name, text in texts.items()}
    for byte_order in ("le", "be"):
        found[f"utf-16-{byte_order}"] = secret.encode(f"utf-16-{byte_order}")
    for offset in range(3):
        found[f"base64 at {offset}"] = _inner_base64(secret.encode(), offset)
        found[f"base64url at {offset}"] = found[f"base64 at {offset}"].translate(URL_SAFE)
        for byte_order in ("le", "be"):
            content = secret.encode(f"utf-16-{byte_order}")
            found[f"base64 of utf-16-{byte_order} at {offset}"] = _inner_base64(content, offset)
    return found


def as_words(spelled: bytes) -> str:
    """As it would stand in a text; bytes that are none are read a letter each."""
    try:
        return spelled.decode()
    except UnicodeDecodeError:
        return spelled.decode("latin-1")


def leaks(sinks: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Sink and spelling, wherever one of the secrets stands, whichever of its characters are escaped."""
    needles = [
        (name, needle)
        for secret in (PASSWORD, OTHER_PASSWORD, DATA.decode())
        for name, needle in spellings(secret).items()
    ]
    return [
        (sink, f"{prefix}{name}")
        for sink, content in sinks.items()
        for prefix, read in _readings(content)
        for name, needle in needles
        if needle in read
    ]


def _readings(content: bytes) -> Iterator[tuple[str, bytes]]:
    """As it is and, where that differs, without the escapes of JSON, however often the backslashes were doubled."""
    yield "", content
    undone = ESCAPE.sub(_character, content)
    if undone != content:
        yield "escaped ", undone


def _character(escape: re.Match[bytes]) -> bytes:
    return escape[2] or chr(int(escape[1], 16)).encode(errors="surrogatepass")


def _escaped(letter: str) -> str:
    return f"\\u{ord(letter):04X}"


def _inner_base64(secret: bytes, offset: int) -> bytes:
    """What of the base64 depends on the secret alone, with `offset` bytes before it in its group of three."""
    encoded = base64.b64encode(bytes(offset) + secret).rstrip(b"=")
    begin, end = (0, 2, 3)[offset], len(encoded) - bool((offset + len(secret)) % 3)
    return encoded[begin:end]
