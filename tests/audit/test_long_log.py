"""In a long log each filter finds its page by an index: nothing reads the whole table, and nothing counts it."""

from io import StringIO
from itertools import product

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.audit import text_search
from portal.audit.filters import EventFilter
from portal.audit.models import AuditEvent
from portal.audit.selectors import PAGE_SIZE, events_page
from portal.audit.text_indexes import INDEXES as TEXT_INDEXES
from tests.bench.audit.copying import insert
from tests.bench.audit.stories import events

EVENTS = 1_500
ON_POSTGRESQL = connection.vendor == "postgresql"
UNIQUE = "audit_event_takes_one_place_in_its_subject" if ON_POSTGRESQL else "sqlite_autoindex"
INDEXES = {
    "": "audit_event_by_time",
    "occurred_from": "audit_event_by_time",
    "action": "audit_event_by_action",
    "outcome": "audit_event_not_done",
    "delete_warning": "audit_event_with_flags",
    "subject": UNIQUE,
    "person by key": "audit_event_by_actor",
}
VALUES = {
    "occurred_from": "2025-01-02",
    "action": "reimage_request.approved",
    "outcome": "failed",
    "delete_warning": "on",
    "subject": "#17",
    "person": "Alice 017",
    "person by key": "00000011-0000-4000-8000-00000000000a",
    "target": "vm-00017",
}


@pytest.fixture
def long_log(db: None) -> None:
    insert(events(EVENTS))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def plan_of(statement: str) -> str:
    explain = "EXPLAIN" if ON_POSTGRESQL else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {statement.replace('%', '%%')}", [])
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def selection(name: str) -> EventFilter:
    found = EventFilter({name.split()[0]: VALUES[name]} if name else {}, AuditEvent.objects.all())
    assert found.is_valid()
    return found


def test_a_page_of_every_filter_comes_by_its_index_in_either_direction(long_log: None) -> None:
    middle = str(AuditEvent.objects.order_by("id")[EVENTS // 2].event_id)
    plans = {}
    for name, cut in product(INDEXES, ({}, {"older": middle}, {"newer": middle})):
        with CaptureQueriesContext(connection) as asked:
            events_page(selection(name).qs, **cut)
        (statement,) = (query["sql"] for query in asked if f"LIMIT {PAGE_SIZE + 1}" in query["sql"])
        plans[name, *cut] = plan_of(statement)
    assert {key: plan for key, plan in plans.items() if INDEXES[key[0]] not in plan} == {}
    assert [key for key, plan in plans.items() if "Seq Scan" in plan] == []


def test_a_part_of_a_text_is_found_by_an_index_on_postgresql(long_log: None) -> None:
    """In a short log it is cheaper to walk, so that is forbidden here; in a long one PostgreSQL decides so itself."""
    if ON_POSTGRESQL:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_seqscan = off")
            for name in TEXT_INDEXES:  # what VACUUM does: the newest rows are sorted in
                cursor.execute("SELECT gin_clean_pending_list(%s::regclass)", [name])
    plans = ""
    for name in ("person", "target"):
        with CaptureQueriesContext(connection) as asked:
            events_page(selection(name).qs)
        plans += "".join(plan_of(query["sql"]) for query in asked if "LIKE" in query["sql"])
    assert [name for name in TEXT_INDEXES if ON_POSTGRESQL and name not in plans] == [], plans


def test_what_a_filter_finds_by_its_index_is_what_there_is(long_log: None) -> None:
    everything = list(AuditEvent.objects.all())
    expected = {
        "action": [event for event in everything if event.action == VALUES["action"]],
        "delete_warning": [event for event in everything if "delete_warning" in event.flags],
        "subject": [event for event in everything if event.subject == "reimage_request:17"],
        "person": [event for event in everything if event.actor_text == "Alice 017"],
        "person by key": [event for event in everything if event.actor_object_id == VALUES["person by key"]],
        "target": [event for event in everything if "vm-00017" in event.search_text],
        "outcome": [],
    }
    for name, wanted in expected.items():
        assert [event.pk for event in selection(name).qs] == [event.pk for event in wanted], name
        assert wanted or name == "outcome"


@pytest.mark.parametrize(("rare", "is_by_key"), [(1_000, True), (1, False)])
def test_a_frequent_text_is_found_like_a_rare_one(
    long_log: None, monkeypatch: pytest.MonkeyPatch, rare: int, is_by_key: bool
) -> None:
    monkeypatch.setattr(text_search, "RARE", rare)
    events = AuditEvent.objects.all()
    alice = [event.pk for event in events if "Alice 017" in (event.actor_text, event.target_text)]
    of_machine = [event.pk for event in events if "vm-00017" in event.search_text]
    with CaptureQueriesContext(connection) as asked:
        by_person = {event.pk for event in selection("person").qs}
        by_target = {event.pk for event in EventFilter({"target": "alice 017"}, events).qs}
    assert sorted(by_person | by_target) == sorted(alice)
    assert [event.pk for event in selection("target").qs] == of_machine
    assert ("EXISTS" in asked[2]["sql"]) is not is_by_key


def test_the_page_asks_for_one_more_than_it_shows_and_counts_nothing(long_log: None, auditor: Client) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert auditor.get("/audit/?target=vm").status_code == 200
    statements = [query["sql"] for query in asked if "audit_auditevent" in query["sql"]]
    assert any(f"LIMIT {PAGE_SIZE + 1}" in statement for statement in statements)
    assert not any("COUNT(" in statement for statement in statements)


def test_the_command_makes_the_index_where_there_is_the_extension(db: None) -> None:
    if not ON_POSTGRESQL:
        with pytest.raises(CommandError, match="has no pg_trgm for us"):
            call_command("audit_text_search")
        return
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {', '.join(TEXT_INDEXES)}")
        call_command("audit_text_search", stdout=StringIO())
        cursor.execute("SELECT count(*) FROM pg_indexes WHERE indexname = ANY(%s)", [list(TEXT_INDEXES)])
        assert cursor.fetchone() == (3,)


@pytest.mark.skipif(not ON_POSTGRESQL, reason="roles are PostgreSQL's")
def test_without_the_right_to_the_extension_the_search_works_and_the_command_says_so(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP EXTENSION pg_trgm CASCADE")
        insert(events(30))
        assert selection("target").qs.count() == 0
        cursor.execute("CREATE ROLE nobody_in_particular; SET LOCAL ROLE nobody_in_particular")
        with pytest.raises(CommandError, match="has no pg_trgm for us"):
            call_command("audit_text_search")
        cursor.execute("RESET ROLE")
