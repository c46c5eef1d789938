import pytest
from hypothesis import given
from hypothesis import strategies as st

from reimage.domain.canonical import CanonicalError, canonical_digest, canonical_json

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="ascii")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="ascii")), inner),
    max_leaves=10,
)


@given(documents, documents)
def test_digests_are_equal_when_documents_are(one, other):
    same = canonical_json(one) == canonical_json(other)
    assert (canonical_digest(one) == canonical_digest(other)) == same
    assert same or one != other


def test_it_sorts_keys_and_wastes_no_space():
    assert canonical_json({"b": [1, True, None], "a": "日本"}) == '{"a":"日本","b":[1,true,null]}'.encode()


def test_it_knows_one_spelling_of_an_accent_in_values_and_keys():
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    assert canonical_json({composed: [composed]}) == canonical_json({decomposed: (decomposed,)})


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
