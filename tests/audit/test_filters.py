"""An auditor finds events by person, object, request, action, outcome, time and Delete warning."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from portal.audit.actors import Actor, Target
from portal.audit.catalogue import ACCESS_REFUSED, AUDIT_LOG_EXPORTED
from portal.audit.filters import EventFilter
from portal.audit.models import AuditEvent, Outcome
from portal.identity.models import User
from tests.audit.events import BATCH_01, WEB_01, record_event


def found(**filters: str) -> list[AuditEvent]:
    selection = EventFilter(filters, AuditEvent.objects.order_by("id"))
    assert selection.is_valid(), selection.errors
    return list(selection.qs)


def errors(**filters: str) -> dict[str, list[str]]:
    selection = EventFilter(filters, AuditEvent.objects.all())
    assert not selection.is_valid()
    return dict(selection.form.errors)


@pytest.mark.parametrize("text", ["alice", "Aoki", " Alice Aoki ", "aa000000-0000", "AA000000"])
def test_it_finds_a_person_by_a_part_of_name_or_object_id(alice: User, bob: User, text: str) -> None:
    by_alice, _ = (record_event(actor=Actor.person(person)) for person in (alice, bob))
    assert found(person=text) == [by_alice]


@pytest.mark.parametrize("text", ["web-01", "WEB-01", "rg-web", "/virtualMachines/WEB"])
def test_it_finds_an_object_by_a_part_of_label_or_id(db: None, text: str) -> None:
    about_web, _ = record_event(target=WEB_01), record_event(target=BATCH_01)
    assert found(target=text) == [about_web]


def test_it_finds_an_event_by_each_of_the_machines_that_it_is_related_to(db: None) -> None:
    event = record_event(related=[WEB_01, BATCH_01])
    assert found(target="web-01") == found(target="batch-01") == [event]


@pytest.mark.parametrize("text", ["サーバー", "ｳｪﾌﾞ", "STRASSE", "ÉTÉ", "e\u0301te\u0301"])
def test_it_ignores_case_and_spelling_beyond_ascii_too(db: None, text: str) -> None:
    event = record_event(target=WEB_01.__class__("virtual_machine", "id", "サーバー ｳｪﾌﾞ Straße été"))
    assert found(target=text) == [event]


@pytest.mark.parametrize(
    "text", ["josé g", "JOSÉ", "Jose\u0301", "JOSE\u0301 G", "がくと", "か\u3099くと", "ÉCOLE", "é É"]
)
@pytest.mark.parametrize("name", ["person", "target"])
def test_it_finds_a_name_in_any_case_and_form(bob: User, name: str, text: str) -> None:
    """Names are personal texts, not the columns that a search has for itself."""
    gackt = Target.person("aaaaaaaa-0000-4000-8000-000000000001", "José がくと École é É, josé G")
    event = record_event(actor=Actor("person", "t", gackt.id, gackt.label), target=gackt)
    record_event(actor=Actor.person(bob), target=Target.person(str(bob.object_id), "Jose Gato"))
    assert found(**{name: text}) == [event]


@pytest.mark.parametrize("text", ["É*", "É?an", "[é]lan", "É[l]", "É]", "^É", "É-", "É\\", "É%"])
def test_it_takes_patterns_as_text(alice: User, text: str) -> None:
    record_event(actor=Actor("person", "t", "o", "Élan"), target=WEB_01)
    assert found(person=text) == found(target=text) == []


@pytest.mark.parametrize("wildcard", ["%", "_", "\\", "'", '"', "' OR '1'='1", "1; --"])
@pytest.mark.asvs("V1.2.4")
def test_it_takes_wildcards_as_text(alice: User, wildcard: str) -> None:
    record_event(target=WEB_01, actor=Actor.person(alice))
    assert found(target=wildcard) == found(person=wildcard) == []


@pytest.mark.parametrize("text", ["reimage_request:12", "#12", "12"])
def test_it_finds_the_events_of_a_request(db: None, text: str) -> None:
    first, _, _, second = (record_event(subject=f"reimage_request:{number}") for number in (12, 112, 1, 12))
    assert found(subject=text) == [first, second]


def test_it_finds_events_by_action_and_outcome(db: None) -> None:
    exported = record_event(AUDIT_LOG_EXPORTED)
    refused = record_event(ACCESS_REFUSED, outcome=Outcome.REFUSED)
    assert found(action="audit_log.exported") == [exported]
    assert found(outcome="refused") == [refused]


def test_it_finds_events_with_a_delete_warning_alone(db: None) -> None:
    warned = record_event(flags=["delete_warning", "wrong_state"])
    others = [record_event(flags=["wrong_state"]), record_event(), record_event(flags=["delete_warning_seen"])]
    assert found(delete_warning="on") == [warned]
    assert found(delete_warning="") == [warned, *others]


def test_it_takes_days_in_the_zone_of_the_viewer(db: None) -> None:
    with time_machine.travel(datetime(2024, 10, 8, 15, 0, tzinfo=UTC), tick=False):  # midnight in Tokyo
        at_midnight = record_event()
    with time_machine.travel(datetime(2024, 10, 9, 14, 59, 59, 999_999, tzinfo=UTC), tick=False):
        before_next_midnight = record_event()
    day = {"occurred_from": "2024-10-09", "occurred_to": "2024-10-09"}
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        assert found(**day) == [at_midnight, before_next_midnight]
        assert found(occurred_from="2024-10-10") == found(occurred_to="2024-10-08") == []
    with timezone.override(ZoneInfo("UTC")):
        assert found(**day) == [before_next_midnight]


def test_filters_narrow_each_other(alice: User, bob: User) -> None:
    wanted = record_event(actor=Actor.person(alice), target=WEB_01)
    record_event(actor=Actor.person(alice), target=BATCH_01)
    record_event(actor=Actor.person(bob), target=WEB_01)
    assert found(person="alice", target="web") == [wanted]


@pytest.mark.parametrize(
    ("filters", "field", "message"),
    [
        ({"occurred_from": "yesterday"}, "occurred_from", "Enter a valid date."),
        ({"occurred_to": "2024-02-30"}, "occurred_to", "Enter a valid date."),
        ({"occurred_from": "0001-01-01"}, "occurred_from", "greater than or equal to 2000-01-01"),
        ({"occurred_to": "9999-12-31"}, "occurred_to", "less than or equal to 9000-01-01"),
        ({"occurred_from": "2024-10-09", "occurred_to": "2024-10-08"}, "occurred_to", "before the first"),
        ({"action": "disk.restored"}, "action", "Select a valid choice."),
        ({"outcome": "perhaps"}, "outcome", "Select a valid choice."),
        ({"person": "a" * 201}, "person", "at most 200 characters"),
        ({"target": "a\x00b"}, "target", "This text holds a character that cannot be stored (U+0000)"),
    ],
)
def test_it_says_at_the_field_what_cannot_be_used(filters: dict[str, str], field: str, message: str) -> None:
    assert message in errors(**filters)[field][0]
