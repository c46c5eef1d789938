"""No word of a template stays outside of the catalogue, in its text or in an attribute that people read or hear."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template.base import Lexer, TokenType

from tests.languages.catalogue import ROOT, templates
from tests.languages.english import READ_ATTRIBUTES

WORD = re.compile(r"[A-Za-z]{2,}")
UNITS = {"GB"}
VERBATIM = {"comment": "endcomment", "blocktranslate": "endblocktranslate", "blocktrans": "endblocktrans"}


class Words(HTMLParser):
    """Collects the bare words of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found += WORD.findall(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in READ_ATTRIBUTES:
                self.found += WORD.findall(value or "")


def bare_words(source: str) -> list[str]:
    """The words that are written in the template itself, outside of tags and variables."""
    words = Words()
    words.feed("".join(_texts(source)))
    words.close()
    return words.found


def _texts(source: str) -> list[str]:
    texts: list[str] = []
    until = ""
    for token in Lexer(source).tokenize():
        name = (token.contents.split() or [""])[0] if token.token_type is TokenType.BLOCK else ""
        if until:
            until = "" if name == until else until
        elif name in VERBATIM:
            until = VERBATIM[name]
        elif token.token_type is TokenType.TEXT:
            texts.append(token.contents)
    return texts


@pytest.mark.parametrize("path", templates(), ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_every_word_of_a_template_is_marked_for_translation(path: Path) -> None:
    assert set(bare_words(path.read_text())) <= UNITS


@pytest.mark.parametrize(
    "source",
    [
        "<p>Bare</p>",
        '<img alt="Bare">',
        "{% if x %}Bare{% endif %}",
        "{% translate 'a' %} Bare {% comment %}b{% endcomment %}",
    ],
)
def test_a_bare_word_is_found(source: str) -> None:
    assert bare_words(source) == ["Bare"]
