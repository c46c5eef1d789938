"""Where a key in a security module is found: https://www.rfc-editor.org/rfc/rfc7512. Pure: text in, names out."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import unquote, unquote_to_bytes

SCHEME = "pkcs11:"
TOKEN_ATTRIBUTES = ("token", "serial", "manufacturer", "model")
KEY_ATTRIBUTES = ("object", "id")
QUERY_ATTRIBUTES = ("module-path", "pin-source")
_FORM = "write pkcs11:token=…;object=…?module-path=/path/module.so&pin-source=/path/pin"


class KeyUriError(ValueError):
    """The message says what is wrong with the address, and how to write it."""


@dataclass(frozen=True)
class KeyUri:
    """One key, the token that holds it, the library that reaches the token, and the file with its PIN."""

    text: str
    token: tuple[tuple[str, str], ...]
    label: str | None
    key_id: bytes | None
    module: str
    pin_file: Path

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises KeyUriError. Nothing is ignored: what narrows a search and is overlooked finds another key."""
        if "pin-value" in text.lower():
            raise KeyUriError("It holds the PIN itself: put that into a file (mode 0400), and name it by pin-source.")
        path, _, query = text[len(SCHEME) :].partition("?")
        found = _attributes(path, ";", (*TOKEN_ATTRIBUTES, *KEY_ATTRIBUTES, "type"))
        asked = _attributes(query, "&", QUERY_ATTRIBUTES)
        token = tuple((name, unquote(found[name])) for name in TOKEN_ATTRIBUTES if name in found)
        if not token or not any(name in found for name in KEY_ATTRIBUTES):
            raise KeyUriError(f"It must name a token and a key: {_FORM}.")
        if found.get("type", "private") != "private":
            raise KeyUriError("It names another type of object than type=private.")
        if missing := [name for name in QUERY_ATTRIBUTES if name not in asked]:
            raise KeyUriError(f"It lacks {' and '.join(missing)}: {_FORM}.")
        return cls(
            text=text,
            token=token,
            label=unquote(found["object"]) if "object" in found else None,
            key_id=unquote_to_bytes(found["id"]) if "id" in found else None,
            module=unquote(asked["module-path"]),
            pin_file=Path(unquote(asked["pin-source"]).removeprefix("file:")),
        )

    def __str__(self) -> str:
        return self.text


def is_key_uri(text: str) -> bool:
    """Whether a setting names a key in a security module, not a file."""
    return text[: len(SCHEME)].lower() == SCHEME


def _attributes(text: str, separator: str, known: tuple[str, ...]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, text.split(separator)):
        name, _, value = part.partition("=")
        if name not in known or name in found:
            raise KeyUriError(f"It holds a part that is unknown or said twice: {_FORM}.")
        if not value or (name != "id" and "%00" in value) or set(value) & {";", "&", "?"}:
            raise KeyUriError(f"What it says by {name!r} is nothing, or no name: {_FORM}.")
        found[name] = value
    return found
