"""record(): no change without a record, no record without its change, and a body that proves the columns."""

import hashlib
import json

import pytest
import time_machine
from django.db import IntegrityError, transaction

from portal.audit.actors import Actor, Target
from portal.audit.canonical import NotCanonical
from portal.audit.catalogue import ACCESS_REFUSED, AuditAction, CatalogueError
from portal.audit.models import AuditEvent, Outcome
from portal.audit.personal import Personal
from portal.audit.projection import columns_of
from portal.audit.services import NotInTransaction, record
from portal.identity.models import User
from tests.audit.events import BATCH_01, WEB_01, record_event
from tests.cast import ALICE, TENANT_ID

pytestmark = pytest.mark.django_db


@time_machine.travel("2024-10-09T04:45:00.123456Z", tick=False)
@pytest.mark.asvs("V16.2.1")
def test_it_records_who_did_what_about_what(alice: User) -> None:
    record_event(
        actor=Actor.person(alice),
        outcome=Outcome.REFUSED,
        target=WEB_01,
        related=[BATCH_01],
        subject="reimage_request:12",
        flags=["wrong_state", "delete_warning", "wrong_state"],
        detail={"justification": Personal("disk is full"), "virtual_machines": [{"name": "web-01"}]},
    )
    event = AuditEvent.objects.get()
    body = json.loads(bytes(event.body))
    assert body == {
        "version": 2,
        "event_id": str(event.event_id),
        "occurred_at": "2024-10-09T04:45:00.123456Z",
        "action": "access.refused",
        "outcome": "refused",
        "actor": {
            "kind": "person",
            "tenant_id": str(TENANT_ID),
            "object_id": str(ALICE.object_id),
            "name": {"personal_sha256": commitment_of(event, "/actor/name", "Alice Aoki")},
        },
        "target": {"kind": "virtual_machine", "id": WEB_01.id, "label": "web-01"},
        "related": [{"kind": "virtual_machine", "id": BATCH_01.id, "label": "batch-01"}],
        "subject": "reimage_request:12",
        "sequence": 1,
        "previous_digest": "",
        "flags": ["delete_warning", "wrong_state"],
        "detail": {
            "justification": {"personal_sha256": commitment_of(event, "/detail/justification", "disk is full")},
            "virtual_machines": [{"name": "web-01"}],
        },
        "address": "",
        "session_reference": "",
        "http_request_id": "",
    }


def commitment_of(event: AuditEvent, field: str, text: str) -> str:
    """Computed as the documents say it: SHA-256 of the salt and the text."""
    row = event.personal_texts.get(field=field)
    assert row.text == text
    return hashlib.sha256(bytes(row.salt) + text.encode()).hexdigest()


@pytest.mark.asvs("V11.4.3")
def test_its_digest_is_that_of_the_stored_bytes() -> None:
    record_event(detail={"comment": "承認します"})
    event = AuditEvent.objects.get()
    assert event.digest == hashlib.sha256(bytes(event.body)).hexdigest()


def test_every_column_can_be_computed_again_from_the_body(alice: User) -> None:
    record_event(actor=Actor.person(alice), target=WEB_01, subject="reimage_request:1", flags=["delete_warning"])
    event = AuditEvent.objects.get()
    recomputed = columns_of(bytes(event.body))
    assert recomputed == {name: getattr(event, name) for name in recomputed}
    columns = {field.name for field in AuditEvent._meta.concrete_fields}
    assert columns - recomputed.keys() == {"id", "body", "digest"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.asvs("V2.3.3")
def test_it_refuses_to_record_outside_of_a_transaction() -> None:
    with pytest.raises(NotInTransaction, match=r"access\.refused must be recorded within transaction\.atomic\(\)"):
        record(action=ACCESS_REFUSED, actor=Actor.unknown())
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.asvs("V2.3.3")
def test_it_vanishes_with_the_change_that_it_describes() -> None:
    with transaction.atomic():
        record(action=ACCESS_REFUSED, actor=Actor.unknown())
        transaction.set_rollback(True)
    assert not AuditEvent.objects.exists()


def test_it_refuses_an_action_that_is_not_in_the_catalogue() -> None:
    with pytest.raises(CatalogueError, match=r"disk\.restored"):
        record_event(AuditAction("disk.restored", "Disk restored"))


def test_it_refuses_a_detail_that_has_no_single_form() -> None:
    with pytest.raises(NotCanonical, match=r"detail\.hours is a float"):
        record_event(detail={"hours": 1.5})
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("flag", ["", "two words", "Delete"])
def test_it_refuses_a_flag_that_a_search_would_not_find(flag: str) -> None:
    with pytest.raises(ValueError, match="is not a flag"):
        record_event(flags=[flag])


def test_it_numbers_and_chains_the_events_of_a_subject() -> None:
    first, other, second = (record_event(subject=f"reimage_request:{number}") for number in (1, 2, 1))
    assert [first.sequence, other.sequence, second.sequence] == [1, 1, 2]
    assert [first.previous_digest, other.previous_digest, second.previous_digest] == ["", "", first.digest]


def test_it_numbers_nothing_without_a_subject() -> None:
    record_event()
    record_event()
    assert set(AuditEvent.objects.values_list("sequence", "previous_digest")) == {(None, "")}


def test_it_refuses_two_events_in_the_same_place_of_a_subject() -> None:
    event = record_event(subject="reimage_request:1")
    twin = AuditEvent(**columns_of(bytes(event.body)) | {"event_id": "99999999-9999-4999-8999-999999999999"})
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save()
    assert AuditEvent.objects.count() == 1


@pytest.mark.parametrize(
    "difference",
    [
        {"subject": ""},
        {"sequence": None},
        {"sequence": 0},
        {"outcome": "perhaps"},
        {"subject": "", "sequence": None, "previous_digest": "f" * 64},
    ],
)
def test_the_database_refuses_an_event_that_contradicts_itself(difference: dict[str, object]) -> None:
    event = record_event(subject="reimage_request:1")
    columns = columns_of(bytes(event.body)) | {"event_id": "99999999-9999-4999-8999-999999999999", "sequence": 2}
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEvent(**columns | difference).save()


def test_it_stores_text_that_no_database_could_hold() -> None:
    hostile = "nul\x00 half\ud800 e\u0301"
    event = record_event(
        actor=Actor.unknown(hostile), target=Target("page", hostile, hostile), detail={hostile: [hostile]}
    )
    event.refresh_from_db()
    clean = "nul\ufffd half\ufffd é"
    assert event.actor_text == event.target_text == clean
    assert json.loads(bytes(event.body))["detail"] == {clean: [clean]}


def test_it_keeps_a_text_whole_that_is_longer_than_its_column() -> None:
    path = "/" + "長" * 3_000
    event = record_event(target=Target("page", path, path))
    event.refresh_from_db()
    assert event.target_id == path[:512]
    assert json.loads(bytes(event.body))["target"]["id"] == path


def test_an_event_names_itself_by_action_and_id() -> None:
    event = record_event()
    assert str(event) == f"access.refused {event.event_id}"


def test_it_asks_the_database_at_most_twice(django_assert_num_queries: object) -> None:
    with transaction.atomic(), django_assert_num_queries(2):
        record(action=ACCESS_REFUSED, actor=Actor.unknown(), subject="reimage_request:1")
