"""The Japanese catalogue, and every text that the sources mark for it. Needs no gettext tools."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import polib
from babel.messages.extract import extract_from_file
from django.conf import settings
from django.utils.translation.template import templatize

ROOT: Path = settings.BASE_DIR
CATALOGUE = ROOT / "locale" / "ja" / "LC_MESSAGES" / "django.po"
# Which arguments hold the text and its plural. No text needs a context yet; a call of pgettext is not found.
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_noop": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
}
_STRING = r"u?(?:'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")"
# What Django's templatize leaves of a template: calls of gettext in a text that is otherwise blotted out.
_CALL = re.compile(rf"\b(?:n?gettext|_)\(({_STRING})(?:,\s*({_STRING}))?")
Key = tuple[str, str]


@cache
def entries() -> tuple[polib.POEntry, ...]:
    """What stands in the catalogue, obsolete texts included."""
    return tuple(polib.pofile(str(CATALOGUE)))


def key_of(entry: polib.POEntry) -> Key:
    return entry.msgid, entry.msgid_plural or ""


def translations_of(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def templates() -> list[Path]:
    folder = ROOT / "templates"
    return sorted([*folder.rglob("*.html"), *folder.rglob("*.txt")])


def modules() -> list[Path]:
    found = [*(ROOT / "portal").rglob("*.py"), *(ROOT / "reimage").rglob("*.py")]
    return sorted(path for path in found if "migrations" not in path.parts)


@cache
def marked_texts() -> frozenset[Key]:
    """Every text that a source marks for translation, with its plural."""
    of_modules = {key for path in modules() for key in _texts_of_module(path)}
    return frozenset(of_modules.union(*map(_texts_of_template, templates())))


def _texts_of_module(path: Path) -> Iterator[Key]:
    for _line, found, _comments, _context in extract_from_file("python", path, keywords=KEYWORDS):
        singular, plural = (found, "") if isinstance(found, str) else found[:2]
        yield singular, plural


def _texts_of_template(path: Path) -> set[Key]:
    calls = _CALL.findall(templatize(path.read_text(), origin=str(path)))
    return {(ast.literal_eval(singular), ast.literal_eval(plural or "''")) for singular, plural in calls}
