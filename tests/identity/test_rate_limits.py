"""What comes too often is refused for a while, by one count that all processes share."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django import Settings
from structlog.testing import capture_logs

from portal.identity import rate_limits, tasks
from portal.identity.models import RateCount, User
from portal.identity.rate_limits import COUNT, count

NOW = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)


def request_of(user: User | AnonymousUser, address: str = "192.0.2.1") -> HttpRequest:
    request = RequestFactory().post("/", REMOTE_ADDR=address)
    request.user = user
    return request


@pytest.fixture(autouse=True)
def two_decisions(settings: Settings) -> None:
    settings.RATE_LIMITS = {"decision": 2, "submission": 2}


def verdicts(request: HttpRequest, times: int, kind: str = "decision", now: datetime = NOW) -> list[bool]:
    return [count(request, kind, now).is_refused for _ in range(times)]


@pytest.mark.asvs("V2.4.1")
def test_the_third_of_two_is_refused_until_the_window_ends(alice: User) -> None:
    assert verdicts(request_of(alice), 4) == [False, False, True, True]
    later = NOW + timedelta(seconds=599)
    assert count(request_of(alice), "decision", later).retry_after == 1
    assert verdicts(request_of(alice), 1, now=NOW + timedelta(seconds=600)) == [False]


def test_only_the_first_refusal_of_a_window_is_worth_an_event(alice: User) -> None:
    assert [count(request_of(alice), "decision", NOW).is_first for _ in range(5)] == [False, False, True, False, False]


def test_people_and_kinds_are_counted_apart(alice: User, bob: User) -> None:
    assert verdicts(request_of(alice), 3)[-1]
    assert verdicts(request_of(bob), 2) == [False, False]
    assert verdicts(request_of(alice), 2, kind="submission") == [False, False]


def test_a_person_cannot_change_the_count_by_changing_the_address(alice: User) -> None:
    assert [count(request_of(alice, f"192.0.2.{n}"), "decision", NOW).is_refused for n in range(3)][-1]


@pytest.mark.django_db
@pytest.mark.asvs("V15.3.4")
def test_before_the_sign_in_the_address_counts() -> None:
    nobody = AnonymousUser()
    assert verdicts(request_of(nobody), 3)[-1]
    assert verdicts(request_of(nobody, "192.0.2.2"), 2) == [False, False]


@pytest.mark.django_db
@pytest.mark.asvs("V15.3.4")
def test_a_network_of_ipv6_addresses_counts_as_one() -> None:
    nobody = AnonymousUser()
    neighbours = [request_of(nobody, f"2001:db8:0:1::{number}") for number in (1, 2, 3)]
    assert [count(request, "decision", NOW).is_refused for request in neighbours] == [False, False, True]
    assert verdicts(request_of(nobody, "2001:db8:0:2::1"), 2) == [False, False]


@pytest.mark.django_db
def test_an_ipv4_address_counts_as_itself_in_either_spelling() -> None:
    nobody = AnonymousUser()
    assert verdicts(request_of(nobody, "192.0.2.1"), 2) == [False, False]
    assert verdicts(request_of(nobody, "::ffff:192.0.2.1"), 1) == [True]


@pytest.mark.django_db
def test_a_proxy_that_tells_no_address_is_told_of_once() -> None:
    rate_limits._warn_once.cache_clear()
    with capture_logs() as logs:
        verdicts(request_of(AnonymousUser(), "unix:"), 3)
    assert [(line["event"], line["source"]) for line in logs] == [("address.unreadable", "REMOTE_ADDR")]


def test_each_of_a_kind_may_be_counted_apart_and_the_last_one_knows(alice: User) -> None:
    one = [count(request_of(alice), "decision", NOW, of="a") for _ in range(3)]
    assert [(verdict.is_last, verdict.is_refused) for verdict in one] == [(False, False), (True, False), (False, True)]
    assert not count(request_of(alice), "decision", NOW, of="b").is_refused


def test_who_was_counted_cannot_be_read_off(alice: User) -> None:
    count(request_of(alice), "decision", NOW)
    assert len(RateCount.objects.get().key) == 64
    assert str(alice.pk) != RateCount.objects.get().key


@pytest.mark.django_db
def test_past_windows_are_deleted(alice: User) -> None:
    count(request_of(alice), "decision", datetime(2020, 1, 1, tzinfo=UTC))
    count(request_of(alice), "decision", datetime.now(UTC))
    tasks.clear_sessions()
    assert RateCount.objects.count() == 1


@pytest.mark.asvs("V2.4.1")
def test_processes_that_count_at_a_time_never_see_one_number_twice(tmp_path: Path) -> None:
    file = tmp_path / "counts.sqlite3"
    with sqlite3.connect(file) as made:
        made.execute("CREATE TABLE identity_ratecount (key, window_starts_at, count, UNIQUE (key, window_starts_at))")

    def ten_times(_: int) -> list[int]:
        other = sqlite3.connect(file, timeout=60, isolation_level=None)
        numbers = [other.execute(COUNT.replace("%s", "?"), ["key", 0]).fetchone()[0] for _ in range(10)]
        other.close()
        return numbers

    with ThreadPoolExecutor(4) as pool:
        seen = [number for numbers in pool.map(ten_times, range(4)) for number in numbers]
    made.close()
    assert sorted(seen) == list(range(1, 41))
