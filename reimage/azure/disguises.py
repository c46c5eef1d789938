"""Whether a text holds a secret that a plain search does not find: escaped, encoded, or both.

Azure's services quote what they refuse by different serializers, so no list of whole spellings is complete: the text
is undone instead, and of an encoding the part is looked for that is the same whatever stands around the secret.
"""

import base64
import re
import sys
from collections.abc import Callable, Iterator
from html import unescape
from unicodedata import normalize
from urllib.parse import unquote, unquote_plus

Undoing = Callable[[str], str]
LAYERS = 2  # JSON in JSON, a quoted address in HTML; each multiplies the forms, and with them the work
ENCODINGS = (("utf-8", "surrogateescape"), ("utf-16-le", "surrogatepass"), ("utf-16-be", "surrogatepass"))
SHORTEST = 8  # letters and digits; fewer would be found in any text
_ESCAPE = re.compile(
    r"\\(?-i:U)([0-9a-f]{8})|[\\%]u([0-9a-f]{4})|\\x([0-9a-f]{2})|\\([0-7]{3})|\\(.)", re.IGNORECASE | re.DOTALL
)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def holds(text: str, secret: str) -> bool:
    """Whether the secret is in any form of the text, or one of its encodings is."""
    contents = [version.encode(encoding, errors) for version in _versions(secret) for encoding, errors in ENCODINGS]
    needles: tuple[tuple[Undoing, list[str]], ...] = (
        (_composed, [_composed(secret)]),
        (_letters, [squeezed] if len(squeezed := _letters(secret)) >= SHORTEST else []),
        (_base64_digits, [_within_base64(content, offset) for content in contents for offset in range(3)]),
        (_hexadecimal_digits, [content.hex() for content in contents]),
        (_without_spaces, [",".join(map(str, content)) for content in contents]),
    )
    return any(_is_any_in(read_as(form), sought) for form in _forms(text) for read_as, sought in needles)


def _versions(secret: str) -> list[str]:
    """With the ends of lines of either world, and without what a service would trim."""
    plain = secret.strip().replace("\r\n", "\n")
    return [secret, plain, plain.replace("\n", "\r\n")]


def _is_any_in(text: str, sought: list[str]) -> bool:
    return any(needle in text for needle in sought if needle)


def _composed(text: str) -> str:
    """As the portal stores texts: an accent on its own and its letter become one."""
    return normalize("NFC", text)


def _letters(text: str) -> str:
    """ASCII letters and digits alone: whatever a service doubles, trims, wraps or misreads between them is gone."""
    return re.sub(r"[^0-9A-Za-z]", "", _composed(text))


def _base64_digits(text: str) -> str:
    """Of either alphabet, however its lines are broken."""
    return re.sub(r"[^0-9A-Za-z+/]", "", text.replace("-", "+").replace("_", "/"))


def _hexadecimal_digits(text: str) -> str:
    """Whatever separates them, as in 43-61 or 0x43, 0x61."""
    return re.sub(r"0x|[^0-9a-f]", "", text.lower())


def _without_spaces(text: str) -> str:
    return "".join(text.split())


def _within_base64(content: bytes, offset: int) -> str:
    """What depends on the content alone, with `offset` bytes before it in its group of three, and any behind it."""
    encoded = base64.b64encode(bytes(offset) + content).decode()
    return encoded[-(-offset * 8 // 6) : (offset + len(content)) * 8 // 6]


def _forms(text: str) -> Iterator[str]:
    """The text as it is, and undone up to LAYERS times in every order, each once; ordinary words have one form."""
    seen, latest = {text}, {text}
    yield text
    for _ in range(LAYERS):
        latest = {undo(form) for form in latest for undo in _UNDOINGS} - seen
        seen |= latest
        yield from latest


def _without_backslashes(text: str) -> str:
    r"""Escapes of JSON, JavaScript and Python undone: \u002B, \x2b, \/, \"; two halves of a pair become one."""
    if "\\" not in text and "%u" not in text.lower():
        return text
    return _ESCAPE.sub(_character, text).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _character(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2] or escape[3]
    if code and int(code, 16) <= sys.maxunicode:
        return chr(int(code, 16))
    return chr(int(escape[4], 8)) if escape[4] else _CONTROLS.get(escape[5] or "", escape[5] or "")


def _without_nulls(text: str) -> str:
    """Letters of two bytes that were read as letters of one."""
    return text.replace("\0", "")


_UNDOINGS: tuple[Undoing, ...] = (unquote, unquote_plus, unescape, _without_backslashes, _without_nulls)
