"""Finds English sentences of ours in a page, wherever its text comes from."""

import re
from html.parser import HTMLParser

READ_ATTRIBUTES = {"alt", "aria-description", "aria-label", "data-label", "placeholder", "title"}
# Three words of small letters after each other; neither a machine's name nor Azure's parameters look like that.
SENTENCE = re.compile(r"\b[A-Za-z']+(?:,? [a-z']+){2,}")
# What people or Azure wrote stays as they wrote it, and says so by its element.
AS_IT_CAME = {"bdi", "code", "pre", "script", "style"}


class _Sentences(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._within: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in READ_ATTRIBUTES:
                self.found += sentences_in(value or "")
        if tag in AS_IT_CAME:
            self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in AS_IT_CAME:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        if not self._within:
            self.found += sentences_in(data)


def sentences_in(text: str) -> list[str]:
    """The English sentences of a plain text."""
    return [found.group() for found in SENTENCE.finditer(" ".join(text.split()))]


def sentences_of(page: str) -> list[str]:
    """The English sentences of a page that people read or hear, without what people or Azure wrote."""
    parser = _Sentences()
    parser.feed(page)
    parser.close()
    return parser.found
