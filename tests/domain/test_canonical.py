import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reimage.domain.canonical import CanonicalError, canonical_digest, canonical_json

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="ascii")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="ascii")), inner),
    max_leaves=10,
)


@given(documents)
def test_it_loses_nothing_so_that_two_documents_never_share_a_spelling(document):
    assert repr(json.loads(canonical_json(document))) == repr(sorted_throughout(document))


@given(st.dictionaries(st.text(st.characters(codec="ascii")), documents))
def test_it_does_not_depend_on_the_order_in_which_a_document_was_made(document):
    assert canonical_digest(dict(reversed(document.items()))) == canonical_digest(document)


def sorted_throughout(document):
    if isinstance(document, dict):
        return {key: sorted_throughout(document[key]) for key in sorted(document)}
    return [sorted_throughout(item) for item in document] if isinstance(document, list) else document


def test_it_sorts_keys_and_wastes_no_space():
    assert canonical_json({"b": [1, True, None], "a": "日本"}) == '{"a":"日本","b":[1,true,null]}'.encode()


def test_it_knows_one_spelling_of_an_accent_in_values_and_keys():
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    assert canonical_json({composed: [composed]}) == canonical_json({decomposed: (decomposed,)})


@pytest.mark.asvs("V11.2.3", "V11.4.3")
def test_its_digest_is_the_sha_256_of_those_bytes():
    assert canonical_digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@pytest.mark.parametrize("value", [1.0, float("nan"), b"bytes", {1, 2}, object(), [0.5], {"a": 0.5}])
def test_it_refuses_what_has_no_one_spelling(value):
    with pytest.raises(CanonicalError, match="has no canonical spelling"):
        canonical_json(value)


def test_it_refuses_keys_that_are_no_text():
    with pytest.raises(CanonicalError, match="keys must be text"):
        canonical_json({1: "one"})


def test_it_refuses_two_keys_that_are_one():
    with pytest.raises(CanonicalError, match="one and the same"):
        canonical_json({"\u00e9": 1, "e\u0301": 2})


def test_it_refuses_half_a_character():
    with pytest.raises(CanonicalError, match="lone surrogate"):
        canonical_json("\ud800")
