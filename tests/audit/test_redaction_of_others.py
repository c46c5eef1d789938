"""Redaction beside texts that somebody added past the portal: they stop nothing, and are named."""

import json
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from portal.audit import redaction
from portal.audit.models import AuditEvent, AuditPersonalText
from portal.audit.personal import MARK, Personal
from portal.audit.redaction import FIELDS_A_REDACTION, Redaction, redact, texts_of_event, texts_of_person
from tests.audit.events import record_event
from tests.audit.people import GROUND, OPERATOR, about_alice, by_alice, redact_person, texts_left
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.standalone import export_to, verify
from tests.audit.sealing.tampering import run as run_sql
from tests.audit.sealing.tampering import triggers_off
from tests.cast import ALICE, TENANT_ID
from tests.evidence.altering import rewrite

pytestmark = pytest.mark.django_db
BY_PERSON = ("--person", str(TENANT_ID), str(ALICE.object_id))
FORGED = "Forged."
STRAYS = ["/detail/other", '/detail/a"b', "/detail/a\\b", "/detail/\x01", "/detail/e\u0301", "", "/detail/" + "x" * 490]
NAMED = "has texts that its body does not commit to"


def add_texts(event: AuditEvent, *fields: str) -> None:
    """As a superuser can, and on SQLite whoever may add anything."""
    with triggers_off():
        AuditPersonalText.objects.bulk_create(
            AuditPersonalText(event=event, field=field, salt=b"s" * 32, text=FORGED) for field in fields
        )


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("audit_redact", *arguments, "--reason", GROUND, stdout=out, stderr=out)
    return out.getvalue()


def said_of(event: AuditEvent) -> list[list[str]]:
    """The fields that each redaction of this event names."""
    found = AuditEvent.objects.filter(action="audit.redacted", target_id=str(event.event_id)).order_by("pk")
    return [json.loads(bytes(redaction.body))["detail"]["fields"] for redaction in found]


@pytest.mark.parametrize("field", STRAYS)
@pytest.mark.parametrize("choice", [lambda _event: BY_PERSON, lambda event: ("--event", str(event.event_id))])
def test_a_text_that_no_body_commits_to_is_named_and_stops_nothing(
    choice: Callable[[AuditEvent], tuple[str, ...]], field: str
) -> None:
    event = by_alice()
    add_texts(event, field)
    said = run(*choice(event))
    assert said.startswith("Redacted: 2 texts of 1 events.")
    assert f"Event {event.event_id} {NAMED}" in said
    assert texts_left() == {FORGED}
    assert said_of(event) == [["/actor/name", "/detail/comment"]]


def test_the_events_after_such_a_one_are_redacted_too() -> None:
    first, second, third = by_alice("one"), by_alice("two"), by_alice("three")
    add_texts(second, *STRAYS)
    assert redact_person() == Redaction(events=3, texts=6, left=(second.event_id,))
    assert [len(said_of(event)) for event in (first, second, third)] == [1, 1, 1]
    assert redact_person() == Redaction(events=0, texts=0, left=(second.event_id,))


def test_any_number_of_them_stop_nothing() -> None:
    event = by_alice()
    add_texts(event, *(f"/detail/{'x' * 490}/{number}" for number in range(2_000)))
    assert redact_person() == Redaction(events=1, texts=2, left=(event.event_id,))
    assert texts_left() == {FORGED}


def test_before_anything_is_changed_they_are_named_and_not_among_what_would_go() -> None:
    event = by_alice()
    add_texts(event, *STRAYS)
    said = run(*BY_PERSON, "--dry-run")
    assert [line.split()[-1] for line in said.splitlines()[:2]] == ["/actor/name", "/detail/comment"]
    assert "\n2 texts would be redacted. Nothing was changed.\n" in said
    assert said.count(f"Event {event.event_id} {NAMED}") == 1


def test_a_superuser_removes_what_audit_verify_told_and_the_log_is_sound(log: SealedLog) -> None:
    (event,) = log.grow(1, detail={"comment": Personal("words")})
    add_texts(event, "/detail/other")
    assert NAMED in run("--event", str(event.event_id))
    log.grow(1)
    (found,) = log.verify().tampered
    assert "there is a personal text /detail/other, to which its body has no commitment" in found
    run_sql("DELETE FROM audit_auditpersonaltext WHERE field = '/detail/other'")
    assert log.verify().exit_code == 0


def test_many_texts_are_named_by_several_redactions_each_of_which_has_room(log: SealedLog) -> None:
    (event,) = log.grow(1, detail={f"{'x' * 200}_{number}": Personal("words") for number in range(450)})
    assert redact(texts=texts_of_event(event.event_id), reason=GROUND, actor=OPERATOR) == Redaction(1, 450)
    assert [len(fields) for fields in said_of(event)] == [FIELDS_A_REDACTION, FIELDS_A_REDACTION, 50]
    log.grow(1)
    assert log.verify().exit_code == 0
    code, said = verify(export_to(log.folder / "all"), log.public_key)
    assert (code, "450 texts redacted" in said) == (0, True), said


def test_a_crash_between_two_of_them_leaves_the_event_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    event = by_alice()
    real = redaction.record

    def failing(**parts: object) -> AuditEvent:
        if said_of(event):
            raise OSError
        return real(**parts)

    monkeypatch.setattr(redaction, "FIELDS_A_REDACTION", 1)
    monkeypatch.setattr(redaction, "record", failing)
    with pytest.raises(OSError), transaction.atomic():  # noqa: PT011  # ours
        redact_person()
    assert (said_of(event), len(texts_left())) == ([], 2)


@pytest.mark.parametrize("name", ['a"b', "A"])
def test_a_commitment_where_none_can_be_stands_in_no_redactions_way(name: str) -> None:
    """In an event that was added past the portal."""
    event, other = by_alice(), by_alice("other")
    body = json.loads(bytes(event.body))
    rewrite(event, body | {"detail": body["detail"] | {name: {MARK: "0" * 64}}})
    add_texts(event, f"/detail/{name}")
    assert redact_person() == Redaction(events=1, texts=2)
    assert texts_of_person(tenant_id=TENANT_ID, object_id=ALICE.object_id).damaged == (event.event_id,)
    by_itself = redact(texts=texts_of_event(event.event_id), reason=GROUND, actor=OPERATOR)
    assert by_itself == Redaction(events=1, texts=2, left=(event.event_id,))
    assert said_of(other) == [["/actor/name", "/detail/comment"]]


def test_of_a_damaged_event_goes_what_can_be_its_text_and_the_rest_is_named() -> None:
    event = about_alice()
    add_texts(event, '/detail/a"b', "/Detail")
    run_sql("UPDATE audit_auditevent SET body = %s WHERE id = %s", parameters=[b"\xff{", event.pk])
    said = run("--event", str(event.event_id))
    assert said.startswith("Redacted: 3 texts of 1 events.")
    assert f"Event {event.event_id} {NAMED}" in said
    assert texts_left() == {FORGED}


def test_a_damaged_event_with_more_texts_than_any_has_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each text costs the database a look through all that was said to be redacted of the event."""
    event = about_alice()
    monkeypatch.setattr(redaction, "MOST_TEXTS", 3)
    run_sql("UPDATE audit_auditevent SET body = %s WHERE id = %s", parameters=[b"\xff{", event.pk])
    add_texts(event, "/detail/other")
    assert redact(texts=texts_of_event(event.event_id), reason=GROUND, actor=OPERATOR) == Redaction(
        0, 0, left=(event.event_id,)
    )
    assert len(texts_left()) == 4


def test_under_the_id_of_another_event_nothing_is_redacted() -> None:
    """The redaction would say of the other that its texts went."""
    event, other = by_alice(), record_event()
    stored = {"sqlite": lambda key: key.hex, "postgresql": str}[connection.vendor]
    for key, of in ((f"{'0' * 32}", other), (stored(other.event_id), event), (stored(event.event_id), other)):
        run_sql("UPDATE audit_auditevent SET event_id = %s WHERE id = %s", parameters=[key, of.pk])
    assert redact(texts=texts_of_event(other.event_id), reason=GROUND, actor=OPERATOR) == Redaction(
        0, 0, left=(other.event_id,)
    )
    assert len(texts_left()) == 2
