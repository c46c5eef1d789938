"""Retry-After as it may come: seconds, a date, or nonsense. Never longer than Azure itself asks for."""

from types import SimpleNamespace

import pytest

from reimage.azure.errors import MAX_RETRY_AFTER_SECONDS, retry_after_seconds

NOW = "Wed, 01 Jul 2026 07:28:00 GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1", 1),
        ("1200", 1200),
        (" 30 ", 30),
        ("1201", MAX_RETRY_AFTER_SECONDS),
        ("259200", MAX_RETRY_AFTER_SECONDS),
        ("9" * 5_000, MAX_RETRY_AFTER_SECONDS),
        ("0", None),
        ("-5", None),
        ("2.5", None),
        ("\u0665", None),
        ("soon", None),
        ("", None),
        ("Wed, 01 Jul 2026 07:29:30 GMT", 90),
        ("Fri, 03 Jul 2026 07:28:00 GMT", MAX_RETRY_AFTER_SECONDS),
        ("Wed, 01 Jul 2026 07:27:00 GMT", None),
        ("Wed, 01 Jul 2026 07:28:00", None),
        ("Wed, 99 Jul 2026 07:28:00 GMT", None),
    ],
)
def test_it_is_read_as_seconds_within_reason(value: str, seconds: int | None) -> None:
    assert retry_after_seconds(SimpleNamespace(headers={"Retry-After": value, "Date": NOW})) == seconds


def test_a_date_without_azures_own_time_tells_nothing() -> None:
    headers = {"Retry-After": "Wed, 01 Jul 2026 07:29:30 GMT"}
    assert retry_after_seconds(SimpleNamespace(headers=headers)) is None


def test_no_answer_names_no_time() -> None:
    assert retry_after_seconds(None) is None
