"""Redaction by person believes the sealed bodies: no column hides what is hers, or makes another's hers."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from portal.audit.actors import Actor, Target
from portal.audit.models import AuditEvent
from portal.audit.personal import Personal
from portal.audit.redaction import Redaction, texts_of_person
from tests.audit.events import record_event
from tests.audit.memory import most_memory
from tests.audit.people import GROUND, about_alice, actor_of, by_alice, redact_person, texts_left
from tests.audit.sealing.logs import SealedLog
from tests.cast import ALICE, BOB, FOREIGN_TENANT_ID, TENANT_ID
from tests.evidence.altering import add, alter, body_of, rewrite

pytestmark = pytest.mark.django_db
ALICES = {"actor_tenant_id": str(TENANT_ID), "actor_object_id": str(ALICE.object_id)}
BOBS = {"actor_tenant_id": str(TENANT_ID), "actor_object_id": str(BOB.object_id)}


def run(*arguments: str) -> str:
    out = StringIO()
    person = ("--person", str(TENANT_ID), str(ALICE.object_id), "--reason", GROUND)
    call_command("audit_redact", *person, *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_an_emptied_search_text_hides_no_event_about_a_person() -> None:
    event = about_alice()
    alter(event, search_text="", target_id="", target_kind="")
    assert redact_person() == Redaction(events=1, texts=2)
    assert texts_left() == {"Bob Baba"}


def test_columns_make_nobodys_deed_that_of_another() -> None:
    """A redaction cannot be undone: what is Bob's by its sealed body stays."""
    bobs, hers = record_event(actor=actor_of(BOB), detail={"note": Personal("Bob's words")}), by_alice()
    alter(bobs, **ALICES, search_text=str(ALICE.object_id), target_kind="person", target_id=str(ALICE.object_id))
    alter(hers, **BOBS)
    assert redact_person() == Redaction(events=1, texts=2)
    assert texts_left() == {"Bob Baba", "Bob's words"}
    assert redact_person(BOB) == Redaction(events=1, texts=2)


def test_an_id_that_only_occurs_in_a_body_is_nothing_about_the_person() -> None:
    record_event(
        actor=actor_of(BOB),
        target=Target("page", str(ALICE.object_id), "/"),
        detail={"note": Personal("Bob's words"), "id": str(ALICE.object_id)},
    )
    record_event(actor=Actor("person", str(FOREIGN_TENANT_ID), str(ALICE.object_id), "Another"))
    assert redact_person() == Redaction(events=0, texts=0)
    assert texts_left() == {"Bob Baba", "Bob's words", "Another"}


def test_of_an_event_by_and_about_the_person_all_texts_go() -> None:
    record_event(actor=actor_of(ALICE), target=Target.person(str(ALICE.object_id), "Alice Aoki"))
    assert redact_person() == Redaction(events=1, texts=2)
    assert texts_left() == set()


UNREADABLE = b"\xff{"
DAMAGE: list[Callable[[AuditEvent], dict[str, Any]]] = [
    lambda _event: {"body": UNREADABLE},
    lambda event: {"body": bytes(event.body) + b" "},
    lambda _event: {"digest": "0" * 64, "actor_tenant_id": "", "actor_object_id": "", "search_text": ""},
    lambda _event: {"body": UNREADABLE, "actor_object_id": "", "search_text": str(ALICE.object_id)},
    lambda _event: {"body": UNREADABLE, "actor_object_id": "", "target_id": str(ALICE.object_id)},
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_event_by_the_person_is_named_and_not_redacted(
    damage: Callable[[AuditEvent], dict[str, Any]],
) -> None:
    by_alice("sound")
    damaged = by_alice("damaged")
    alter(damaged, **damage(damaged))
    named = f"Event {damaged.event_id} is damaged and may be about this person, or by them"
    assert named in run("--dry-run")
    said = run()
    assert said.startswith("Redacted: 2 texts of 1 events.")
    assert said.count("is damaged") == said.count(named) == 1
    assert texts_left() == {"Alice Aoki", "damaged"}


def test_a_damaged_event_of_another_person_is_not_named() -> None:
    alter(record_event(actor=actor_of(BOB)), body=UNREADABLE)
    by_alice()
    assert "is damaged" not in run()


def test_large_events_are_not_held_all_at_once() -> None:
    body = body_of(about_alice()) | {"detail": {"text": "x" * 900_000}}
    for _ in range(60):
        add(body)
    with most_memory() as most:
        texts_of_person(tenant_id=TENANT_ID, object_id=ALICE.object_id)
    assert most[0] < 35_000_000


def test_no_statement_repeats_what_was_found() -> None:
    """For each event again, a person with many would take time by the square of them."""
    for _ in range(60):
        about_alice()
    lengths: list[int] = []

    def measured(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        lengths.append(len(params or ()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(measured):
        assert redact_person() == Redaction(events=60, texts=120)
    assert max(lengths) < 40


def test_a_body_that_is_not_the_sealed_one_says_nothing_of_whose_it_is(log: SealedLog) -> None:
    """A superuser puts another with its digest in its place, for as long as a redaction takes."""
    bobs, hers = record_event(actor=actor_of(BOB), detail={"note": Personal("Bob's words")}), by_alice()
    log.seal()
    for event, person in ((bobs, ALICE), (hers, BOB)):
        body = body_of(event)
        body["actor"]["object_id"] = str(person.object_id)
        rewrite(event, body)
    said = run()
    assert texts_left() == {"Bob Baba", "Bob's words", "Alice Aoki", "Please, disk is full."}
    assert all(f"Event {event.event_id} is damaged" in said for event in (bobs, hers))
