"""Makes hostile text harmless: names, tags and error texts come from people and from Azure."""

import re
import unicodedata
from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

# What neither UTF-8 (halves of surrogate pairs) nor PostgreSQL's text (NUL) can hold.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Control and bidirectional characters could forge a line or turn it round (Unicode TR 36); these are never meant.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
_LINE_BREAKS = re.compile(r"[\t\n]")
_SPACES = re.compile(r"[ \t\r\n]+")


class Placeholder(str):
    """Stands where a personal text was; on a page, in the reader's language."""

    __slots__ = ()


REDACTED = Placeholder(gettext_noop("[redacted]"))
ALTERED = Placeholder(gettext_noop("[altered]"))  # what is stored is not what the event commits to


def storable(value: object) -> object:
    """The value with every text in it in form NFC, and U+FFFD in place of what cannot be stored."""
    match value:
        case str():
            return _storable_text(str.__str__(value))
        case None | int():
            return value
        case dict() | Mapping():  # a mapping of another kind takes long to be known as one
            return {storable(key): storable(item) for key, item in value.items()}
        case list() | tuple():
            return [storable(item) for item in value]
        case _:
            return value


def unstorable(text: str) -> str:
    """The first character of a text that cannot be stored; empty where there is none."""
    found = _UNSTORABLE.search(text)
    return found.group() if found else ""


def _storable_text(text: str) -> str:
    if text.isascii():
        return text.replace("\0", "\ufffd")
    return _UNSTORABLE.sub("\ufffd", unicodedata.normalize("NFC", text))


def _code(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"


def visible(text: object) -> str:
    """Text in which characters that cannot be seen, but change what is seen, stand as their code.

    Whatever else stands where a text should, as in an event that somebody added by hand, is shown as it is written.
    """
    if isinstance(text, Placeholder):
        return _(text)
    return _UNSEEN.sub(_code, str(text).replace("\r\n", "\n"))


def folded(text: str) -> str:
    """Text that may have several lines, as one: for a table's cell, where a line break means nothing."""
    return _SPACES.sub(" ", text).strip()


def visible_line(text: str) -> str:
    """The same, on one line."""
    return _LINE_BREAKS.sub(_code, visible(text))
