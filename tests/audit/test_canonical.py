"""One value, one sequence of bytes: what the log's digests stand on."""

import json
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.audit.canonical import DEEPEST, LARGEST_INTEGER, NotCanonical, canonical_bytes
from portal.audit.models import Outcome

texts = st.text(st.characters(exclude_categories=["Cs"])).map(lambda text: unicodedata.normalize("NFC", text))
integers = st.integers(-LARGEST_INTEGER, LARGEST_INTEGER)
values = st.recursive(
    st.none() | st.booleans() | integers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
)


def nested(depth: int) -> object:
    """An empty text within so many objects and lists."""
    value: object = ""
    for level in range(depth, 0, -1):
        value = {"a": value} if level % 2 else [value]
    return value


@given(values)
def test_it_reads_back_as_the_same_value(value: object) -> None:
    assert json.loads(canonical_bytes(value)) == value


@given(values)
def test_it_gives_the_same_bytes_when_what_was_read_back_is_written_again(value: object) -> None:
    assert canonical_bytes(json.loads(canonical_bytes(value))) == canonical_bytes(value)


@given(st.dictionaries(texts, integers, min_size=2))
def test_it_does_not_depend_on_the_order_of_members(value: dict[str, int]) -> None:
    backwards = dict(reversed(value.items()))
    assert canonical_bytes(backwards) == canonical_bytes(value)


def test_it_takes_what_is_as_deep_as_it_may_be() -> None:
    assert json.loads(canonical_bytes(nested(DEEPEST))) == nested(DEEPEST)


def test_it_sorts_keys_by_utf_16_code_units_as_rfc_8785_has_it() -> None:
    written = canonical_bytes(dict.fromkeys(["\u20ac", "\r", "\ue000", "1", "\U0001f600", "\u0080", "\u00f6"], 0))
    assert list(json.loads(written)) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ue000"]


def test_it_escapes_only_what_rfc_8785_escapes() -> None:
    assert canonical_bytes('\x00\x1f\b\t\n\f\r"\\/\x7f<é') == '"\\u0000\\u001f\\b\\t\\n\\f\\r\\"\\\\/\x7f<é"'.encode()


@pytest.mark.asvs("V16.2.2")
def test_it_writes_times_in_utc_with_six_digits() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert canonical_bytes(datetime(2024, 10, 9, 13, 45, tzinfo=tokyo)) == b'"2024-10-09T04:45:00.000000Z"'
    assert canonical_bytes(datetime(2024, 10, 9, 4, 45, 0, 5, tzinfo=UTC)) == b'"2024-10-09T04:45:00.000005Z"'


def test_it_writes_keys_enumerations_and_mappings_as_what_they_stand_for() -> None:
    value = MappingProxyType({"id": UUID(int=1), "outcome": Outcome.REFUSED, "pair": (1, True)})
    assert canonical_bytes(value) == (
        b'{"id":"00000000-0000-0000-0000-000000000001","outcome":"refused","pair":[1,true]}'
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"vms": [{"size": 1.5}]}, r"value\.vms\[0\]\.size is a float"),
        (float("nan"), "value is a float"),
        ("e\u0301", "value is not in Unicode form NFC"),
        ({"e\u0301": 1}, "not in Unicode form NFC"),
        ({"vm": {"\ud800": 1}}, r"value\.vm\['\\ud800'\] holds half a surrogate pair"),
        ("\ud800", "half a surrogate pair"),
        (LARGEST_INTEGER + 1, "is beyond"),
        (-LARGEST_INTEGER - 1, "is beyond"),
        (datetime(2024, 10, 9), "a time without a zone"),  # noqa: DTZ001  # that is the point
        ({1: "one"}, "has the key 1: keys must be text"),
        ([b"bytes"], r"value\[0\] is a bytes"),
        (Decimal("1.0"), "value is a Decimal"),
        ({"a", "b"}, "value is a set"),
        (nested(DEEPEST + 1), r"value(\.a\[0\]){16} lies deeper than 32 objects and lists"),
        (nested(100_000), "lies deeper than 32"),
    ],
)
def test_it_refuses_what_has_no_single_form(value: object, message: str) -> None:
    with pytest.raises(NotCanonical, match=message):
        canonical_bytes(value)
