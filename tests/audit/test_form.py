"""What is an event, and what nobody recorded: asked before pages, packs and verifiers believe a body."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.audit.actors import Actor, ActorKind
from portal.audit.canonical import LARGEST_INTEGER, NotCanonical, canonical_bytes
from portal.audit.catalogue import AUDIT_REDACTED
from portal.audit.form import MOST_VALUES, NotAnEvent, event_in
from portal.audit.models import LARGEST_BODY, AuditEvent, Outcome
from portal.audit.personal import LARGEST_TEXTS, LONGEST_FIELD, MARK, MOST_TEXTS, NotCommittable, Personal
from portal.audit.projection import columns_of_event
from portal.audit.text import storable
from tests.audit.events import WEB_01, record_event
from tests.audit.memory import most_memory
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.standalone import export_to, verify
from tests.audit.sealing.tampering import run

COMMITMENT = {MARK: "a" * 64}
Change = Callable[[dict[str, Any]], object]
pytestmark = pytest.mark.django_db


@pytest.fixture
def body() -> dict[str, Any]:
    event = record_event(
        actor=Actor.unknown("Alice Aoki"),
        target=WEB_01,
        related=[WEB_01],
        subject="reimage_request:1",
        detail={"reason": Personal("Down"), "attempts": [1, {"at": None}], "名前": "値"},
        flags=["delete_warning"],
    )
    found: dict[str, Any] = json.loads(bytes(event.body))
    return found


def test_what_was_recorded_is_an_event(body: dict[str, Any]) -> None:
    assert event_in(canonical_bytes(body)) == body
    record_event()
    for event in AuditEvent.objects.all():
        assert event_in(bytes(event.body))["event_id"] == str(event.event_id)


@pytest.mark.parametrize("kind", ActorKind.values)
@pytest.mark.parametrize("outcome", Outcome.values)
def test_so_is_whatever_anybody_does_and_however_it_ends(kind: str, outcome: str) -> None:
    event = record_event(actor=Actor(kind, name="somebody"), outcome=Outcome(outcome))
    assert event_in(bytes(event.body))["actor"]["kind"] == kind


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.pop("version"),
        lambda body: body.update(more=1),
        lambda body: body.update(version="2"),
        lambda body: body.update(version=True),
        lambda body: body.update(version=3),
        lambda body: body.update(event_id=body["event_id"].upper()),
        lambda body: body.update(occurred_at="2026-12-01T00:00:00"),
        lambda body: body.update(occurred_at="2026-12-01T00:00:00.000000+00:00"),
        lambda body: body.update(occurred_at="9999-12-31T23:59:59.000000Z"),
        lambda body: body.update(occurred_at="1999-12-31T23:59:59.000000Z"),
        lambda body: body.update(occurred_at="2026-13-01T00:00:00.000000Z"),
        lambda body: body.update(action="Reimaged by Azure"),
        lambda body: body.update(action=["a.made"]),
        lambda body: body.update(outcome="splendid"),
        lambda body: body.update(outcome=["success"]),
        lambda body: body["actor"].update(kind="god"),
        lambda body: body["actor"].update(object_id=7),
        lambda body: body["actor"].update(name={"personal_sha256": "x"}),
        lambda body: body["actor"].update(role="approver"),
        lambda body: body.update(actor="worker"),
        lambda body: body["target"].update(id=None),
        lambda body: body.update(related={}),
        lambda body: body["related"].append({"kind": "x", "id": "y"}),
        lambda body: body.update(subject=""),
        lambda body: body.update(subject=7),
        lambda body: body.update(subject="reimage_request:1, verified"),
        lambda body: body.update(sequence=None),
        lambda body: body.update(sequence=0),
        lambda body: body.update(sequence=10_000_000_000),
        lambda body: body.update(previous_digest="x"),
        lambda body: body.update(flags="delete_warning"),
        lambda body: body.update(flags=["delete warning"]),
        lambda body: body.update(detail=[]),
        lambda body: body.update(detail={"personal_sha256": "a" * 64}),
        lambda body: body.update(address=None),
        lambda body: body.update(session_reference=["x"]),
        lambda body: body.update(http_request_id=1),
        lambda body: body.update(action=AUDIT_REDACTED.name, detail={"fields": "/address"}),
        lambda body: body.update(action=AUDIT_REDACTED.name),
        lambda body: body.update(action=AUDIT_REDACTED.name, detail={"fields": ["/address"] * (MOST_TEXTS + 1)}),
        lambda body: body.update(action=AUDIT_REDACTED.name, detail={"fields": ["/" + "x" * LONGEST_FIELD]}),
        lambda body: body.update(detail={"text": "x" * LARGEST_BODY}),
        lambda body: body.update(detail={"values": [0] * MOST_VALUES}),
        lambda body: body.update(detail={"values": [[]] * (MOST_VALUES // 2)}),
        lambda body: body.update(detail={"x" * LONGEST_FIELD: COMMITMENT}),
        lambda body: body.update(detail={"X": COMMITMENT}),
        lambda body: body.update(detail={"": COMMITMENT}),
        lambda body: body.update(detail={"texts": [COMMITMENT] * MOST_TEXTS}),
        lambda body: body.update(occurred_at="2026-11-25T24:00:00.000000Z"),
    ],
)
def test_what_no_service_recorded_is_none(body: dict[str, Any], change: Change) -> None:
    change(body)
    with pytest.raises(NotAnEvent):
        event_in(canonical_bytes(body))


ODD = st.text(st.sampled_from('an\\"\n\t\x1f\u0301\u0303\u0338\u3042\u3099\uac00\u11a8\U0001f600=<') | st.characters())
ODD = ODD.filter(lambda text: text != MARK)  # as a name, `record` refuses it
DETAILS = st.recursive(
    ODD | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD, inner, max_size=3),
)


@given(detail=st.dictionaries(ODD, DETAILS, max_size=3), name=ODD)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_text_a_service_records_is_an_event(body: dict[str, Any], detail: dict[str, Any], name: str) -> None:
    """A mark after an escape joins no letter: "\\n" and a tilde are no ñ, though the bytes look like it."""
    told = storable({**body, "detail": detail, "related": [{"kind": name, "id": name, "label": name}]})
    assert event_in(canonical_bytes(told)) == told


@pytest.mark.parametrize("text", ["Ops\n\u0301", "\n\u0303", "\t\u030c", "\x1f\u0307", "\\\u0338", '"\u0301'])
def test_a_mark_after_an_escape_is_no_alarm(log: SealedLog, text: str) -> None:
    log.grow(1, detail={"message": text})
    assert log.verify().tampered == []


def test_a_commitment_below_a_long_key_takes_no_memory(body: dict[str, Any]) -> None:
    """Its pointer would be as long, once for each."""
    stored = canonical_bytes({**body, "detail": {"k" * 500_000: [COMMITMENT] * 900}})
    with most_memory() as most, pytest.raises(NotAnEvent):
        event_in(stored)
    assert most[0] < 20_000_000


def test_the_largest_event_is_a_line_that_the_verifier_reads(log: SealedLog) -> None:
    """Escaped, a quotation mark and a control character are several bytes."""
    below = {"x" * 480: [Personal("\x01" * (LARGEST_TEXTS // MOST_TEXTS))] * MOST_TEXTS}
    log.grow(1, detail={**below, "text": '"' * ((LARGEST_BODY - 90 * MOST_TEXTS) // 2)})
    assert len(bytes(AuditEvent.objects.get().body)) > 0.99 * LARGEST_BODY
    assert (log.verify().tampered, verify(export_to(log.folder / "all"), log.public_key)[0]) == ([], 0)


def test_texts_that_no_verifier_could_read_are_not_recorded_and_no_others_are_sound(log: SealedLog) -> None:
    with pytest.raises(NotCommittable, match="250000 bytes"):
        record_event(detail={"texts": [Personal("\x01" * 130_000), Personal("あ" * 50_000)]})
    with pytest.raises(NotCommittable, match="1000 texts"):
        record_event(detail={"texts": [Personal("x")] * (MOST_TEXTS + 1)})
    assert not AuditEvent.objects.exists()
    (event,) = log.grow(1, detail={"texts": [Personal("\x01" * 240_000)]})
    assert (log.verify().tampered, verify(export_to(log.folder / "all"), log.public_key)[0]) == ([], 0)
    run("UPDATE audit_auditpersonaltext SET text = %s WHERE event_id = %s", parameters=["a" * 250_001, event.pk])
    assert [found for found in log.verify().tampered if "more, or longer, than any that are recorded" in found]


@pytest.mark.parametrize("is_ascii", [True, False])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"attempts":[1,', b'"attempts":[1.5,'),
        (b'"action":"access.refused"', b'"action":1.5'),
        (b'"attempts":[1,', b'"attempts":[1.0,'),
        (b'"attempts":[1,', b'"attempts":[1e+20,'),
        (b'"attempts":[1,', b'"attempts":[NaN,'),
        (b'"attempts":[1,', b'"attempts":[9007199254740992,'),
        (b'"attempts":[1,', b'"attempts":[-9007199254740992,'),
        (b'"attempts":[1,', b'"attempts":[18446744073709551616,'),
        (b'"attempts":[1,', b'"attempts":[1, '),
        (b'"flags":', b'"flags":[],"flags":'),
        (b'"at":null', b'"at":1,"at":null'),
        (b'"action"', b'"\\u0061ction"'),
        (b'"reimage_request:1"', b'"\\ud800"'),
        (b'{"action":"access.refused",', b"{"),
        (b'"access.refused"', b'"access.refused" '),
    ],
)
def test_what_is_not_canonical_is_none(body: dict[str, Any], old: bytes, new: bytes, is_ascii: bool) -> None:
    if is_ascii:
        del body["detail"]["名前"]
    stored = canonical_bytes(body)
    assert stored.isascii() is is_ascii
    assert old in stored
    with pytest.raises(NotAnEvent):
        event_in(stored.replace(old, new))


@pytest.mark.parametrize("is_ascii", [True, False])
def test_nor_are_members_in_another_order(body: dict[str, Any], is_ascii: bool) -> None:
    if is_ascii:
        del body["detail"]["名前"]
    with pytest.raises(NotAnEvent, match="canonical"):
        event_in(json.dumps(dict(reversed(body.items())), ensure_ascii=False, separators=(",", ":")).encode())


@pytest.mark.parametrize("subject", ["reimage_request", "reimage_request:1, verified", "vm:/a", "x:\n"])
def test_a_service_cannot_record_of_a_subject_that_no_verifier_takes(subject: str) -> None:
    with pytest.raises(ValueError, match="is no subject"):
        record_event(subject=subject)


def test_a_service_cannot_record_what_nobody_could_hold() -> None:
    with pytest.raises(NotCanonical, match="bytes"):
        record_event(detail={"text": "x" * LARGEST_BODY})
    with pytest.raises(NotCanonical, match="commas and brackets"):
        record_event(detail={"values": [0] * MOST_VALUES})
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda body: canonical_bytes(body).replace(b'"flags":', b'"flags":[],"flags":'),
        lambda body: canonical_bytes({name: value for name, value in body.items() if name != "version"}),
        lambda body: canonical_bytes(body | {"version": "2"}),
        lambda body: canonical_bytes(body | {"detail": {"text": "x" * 5_000_000}}),
        lambda body: canonical_bytes(body | {"action": AUDIT_REDACTED.name}),
        lambda body: canonical_bytes(body).replace(b'"flags":', b'"flags": '),
    ],
)
def test_a_sealed_one_that_was_put_there_is_tampering_to_each_verifier_and_reader(
    log: SealedLog, auditor: Client, change: Callable[[dict[str, Any]], bytes]
) -> None:
    """Else the log would be sound by the one and not by the other, for good: nothing can be taken back."""
    (event,) = log.record(1)
    body = json.loads(bytes(event.body))
    stored = change(body)
    columns = {"body": stored, "digest": hashlib.sha256(stored).hexdigest()}
    if b'"access' not in stored:
        columns["action"] = columns_of_event(json.loads(stored), {})["action"]
    marks = ", ".join(f"{name} = %s" for name in columns)
    run(f"UPDATE audit_auditevent SET {marks} WHERE id = {event.pk}", parameters=list(columns.values()))
    log.seal()
    log.anchor()
    assert [finding for finding in log.verify().tampered if "its body is no event" in finding]
    code, _ = verify(export_to(log.folder / "all"), log.public_key)
    assert code == (0 if b'": ' in stored else 2)
    assert "This event is damaged" in auditor.get(f"/audit/{event.event_id}/").content.decode()
