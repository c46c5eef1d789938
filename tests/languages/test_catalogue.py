"""Both languages are complete: no English sentence is left in Japanese, and no translation without its English."""

import re
from collections.abc import Iterable

import pytest

from tests.languages.catalogue import CATALOGUE, entries, key_of, marked_texts, translations_of

# The product's name, and what Azure calls a parameter.
SAME_IN_BOTH = {"Reimage Portal", "deleteOption"}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|%[sd]")
WORD = re.compile(r"[A-Za-z]{2}")
KANA_OR_KANJI = r"[\u3040-\u30ff\u4e00-\u9fff]"
# A half-width space stands between Latin letters or digits and Japanese ones: docs/glossary.md.
TIGHT = re.compile(rf"{KANA_OR_KANJI}(?:[A-Za-z0-9]|%\()|(?:[A-Za-z0-9]|\)[sd]){KANA_OR_KANJI}")
FINAL_WORDS = {"cannot be recovered": "復元でき", "DELETED": "削除", "LOST": "失"}
Pairs = Iterable[tuple[str, str]]


def pairs() -> Pairs:
    """Each text with its translation; of a text with a plural, the plural, which Japanese has no other form of."""
    return [(entry.msgid_plural or entry.msgid, text) for entry in entries() for text in translations_of(entry)]


def test_it_holds_every_text_of_the_sources_and_no_other() -> None:
    held = {key_of(entry) for entry in entries() if not entry.obsolete}
    missing, left_over = marked_texts() - held, held - marked_texts()
    assert not missing, f"Run `make messages`, then translate in {CATALOGUE}: {sorted(missing)}"
    assert not left_over, f"Run `make messages`; no source has these any more: {sorted(left_over)}"


def test_every_text_is_translated() -> None:
    assert [entry.msgid for entry in entries() if not all(translations_of(entry))] == []


def test_no_translation_is_a_guess_or_left_over() -> None:
    """gettext guesses (“fuzzy”) from a text that resembles, and then does not show it."""
    assert [entry.msgid for entry in entries() if entry.fuzzy or entry.obsolete] == []


def test_a_text_has_one_form_for_every_number() -> None:
    assert [entry.msgid for entry in entries() if entry.msgid_plural and list(entry.msgstr_plural) != [0]] == []


@pytest.mark.asvs("V1.3.10")
def test_a_translation_has_the_placeholders_of_its_text() -> None:
    assert [text for text, japanese in pairs() if placeholders(text) != placeholders(japanese)] == []


def placeholders(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


def test_a_translation_is_japanese() -> None:
    words = [(text, japanese) for text, japanese in pairs() if WORD.search(PLACEHOLDER.sub("", text))]
    assert {text for text, japanese in words if not re.search(KANA_OR_KANJI, japanese)} == SAME_IN_BOTH


def test_latin_words_stand_apart_from_japanese_ones() -> None:
    assert [japanese for _, japanese in pairs() if TIGHT.search(japanese)] == []


def test_what_cannot_be_recovered_is_said_as_plainly_in_japanese() -> None:
    for english, japanese in FINAL_WORDS.items():
        texts = [translation for text, translation in pairs() if english in text]
        assert texts
        assert [text for text in texts if japanese not in text] == []
