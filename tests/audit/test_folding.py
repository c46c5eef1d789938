"""Searches fold as Unicode 14 does, in every letter, and leave alone what came later."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.audit.folding import UNICODE_14, folded_by_python, searchable

# Letters whose folding brings marks, and marks of every kind, of which texts at random have few beside each other.
_CLOSE = st.text(st.sampled_from("IJHTjİŉǰΐᾳẞẖΩ\u1c90가ᄀ\u1161\u11a8か 1") | st.characters(categories=["Mn", "Mc"]))
with_unicode_14 = pytest.mark.skipif(unicodedata.unidata_version != "14.0.0", reason="this Python has another Unicode")


@with_unicode_14
@given(_CLOSE | st.text())
def test_a_text_is_folded_as_by_unicode_14(text: str) -> None:
    assert searchable(text) == folded_by_python(text)


@with_unicode_14
def test_each_letter_is_folded_as_by_unicode_14_and_what_came_later_by_none() -> None:
    for letter in map(chr, range(0x110000)):
        assert searchable(letter) == folded_by_python(letter)
        assert unicodedata.category(letter) != "Cn" or not UNICODE_14.match(letter), ascii(letter)


@pytest.mark.parametrize("later", ["\ua7cb", "\u1c89", "\U00010d50", "\ua7ce", "J\U00010efd\u030c"])
def test_what_came_later_is_left_as_it_is(later: str) -> None:
    assert searchable(later) == later.replace("J", "j")
