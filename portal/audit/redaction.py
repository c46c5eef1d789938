"""Takes personal texts out of the log for good: the one way to remove anything. What is sealed is not touched.

First an event says which fields of which event are redacted, why and by whom; then salts and texts go. Without the
salt nobody can tell by trying whether a commitment was to a text that they know.

Whoever may add to the log can add any text beside an event of theirs, and a superuser can alter columns. So the sealed
body says what an event's texts are, and who acted there.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import DataError, IntegrityError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BinaryField, F, Func, IntegerField, Q, QuerySet, Value
from django.db.models.lookups import GreaterThan
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext as _

from portal.audit.actors import PERSON, Actor, Target
from portal.audit.catalogue import AUDIT_REDACTED
from portal.audit.disclosure import readable_body
from portal.audit.models import AuditEvent, AuditPersonalText
from portal.audit.personal import ACTOR_NAME, ADDRESS, MOST_TEXTS, commitments_in, is_field
from portal.audit.sealing.evidence import stored_bytes
from portal.audit.sealing.merkle import leaf_hash
from portal.audit.services import record
from portal.errors import Problem, WrongState
from portal.postgresql import unhurried

EVENTS_A_TRANSACTION = 200  # SQLite's writers wait for it
FIELDS_A_REDACTION = 200  # an event has room for so many of the longest
LONGEST_REASON = 1_000  # characters; with the fields, the event is below LARGEST_REDACTION
BODIES = 10  # read at a time, of up to a megabyte each

Texts = QuerySet[AuditPersonalText]


@dataclass(frozen=True)
class TextsOfPerson:
    """The keys of events by a person, and of those about the person by others: there the actor's name is not theirs.

    `damaged` events may be either, and have texts: to look at one by one.
    """

    acted: Set[int]
    about: Set[int]
    damaged: tuple[UUID, ...] = ()


Chosen = Texts | TextsOfPerson


@dataclass(frozen=True)
class EventTexts:
    """Of what was chosen of one event: key and field of each text that can be redacted, and whether others are there.

    No body commits to those others. A redaction that names them could not be recorded, or would explain nothing.
    """

    event_id: UUID
    action: str
    texts: list[tuple[int, str]]
    has_others: bool


@dataclass(frozen=True)
class Redaction:
    """How many texts went, of how many events; the events that have others, which were left there; and those `failed`,
    whose redaction could not be recorded, so that nothing of them went."""

    events: int
    texts: int
    left: tuple[UUID, ...] = ()
    failed: tuple[UUID, ...] = ()


def texts_of_event(event_id: UUID) -> Texts:
    """All texts of one event."""
    return AuditPersonalText.objects.filter(event__event_id=event_id)


def texts_of_subject(subject: str) -> Texts:
    """All texts of the events of one subject, for example reimage_request:12."""
    return AuditPersonalText.objects.filter(event__subject=subject)


def texts_of_person(*, tenant_id: UUID, object_id: UUID) -> TextsOfPerson:
    """All texts of what this person did; and of events about the person, but for whoever acted there. Reads every body.

    An event is about somebody by their object id. A name within other people's words is found by nobody: look for it,
    and redact the event.
    """
    acted, about, damaged = set(), set(), {}
    with unhurried(connection):
        for event in _events_naming(str(object_id)):
            body = _sealed_body(event)
            if body is None:
                damaged[event.pk] = event.event_id
            elif _is_by(body, str(tenant_id), str(object_id)):
                acted.add(event.pk)
            elif _is_about(body, str(object_id)):
                about.add(event.pk)
    with_texts = (key for key in damaged if AuditPersonalText.objects.filter(event_id=key).exists())
    return TextsOfPerson(acted, about, tuple(damaged[key] for key in with_texts))


def redact(*, texts: Chosen, reason: str, actor: Actor) -> Redaction:
    """Removes these texts and their salts, and records for each event that it was done; may be called again.

    Texts to which no body commits are left. `reason` stays in the log for good. Raises Problem without one, or with a
    longer one than LONGEST_REASON, and WrongState where somebody else redacts the same. A crash leaves each event
    whole, or redacted and saying so.
    """
    _check_reason(reason)
    gone: list[int] = []
    left: list[UUID] = []
    failed: list[UUID] = []
    keys = _events_of(texts)
    with unhurried(connection):  # the database looks through whatever says that it redacts the same events
        for start in range(0, len(keys), EVENTS_A_TRANSACTION):
            with transaction.atomic():
                for found in _sorted_out(texts, keys[start : start + EVENTS_A_TRANSACTION]):
                    count = _redacted(found, reason.strip(), actor)
                    gone += [count] if count else []
                    left += [found.event_id] if found.has_others else []
                    failed += [found.event_id] if count is None else []
    return Redaction(len(gone), sum(gone), tuple(left), tuple(failed))


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise Problem(_("A redaction needs a reason."), _("Say on what ground, without the person's name: it stays."))
    if len(reason) > LONGEST_REASON:
        raise Problem(
            _("The reason of a redaction has %(most)d characters at the most, and this one has %(number)d.")
            % {"most": LONGEST_REASON, "number": len(reason)},
            _("Name the file that says the rest."),
        )


def redactable(texts: Chosen) -> Iterator[EventTexts]:
    """What `redact` would remove, and what it would leave."""
    return _sorted_out(texts, _events_of(texts))


def _events_of(texts: Chosen) -> list[int]:
    if isinstance(texts, TextsOfPerson):
        return sorted([*texts.acted, *texts.about])
    return list(texts.order_by("event_id").values_list("event_id", flat=True).distinct())


def _sorted_out(texts: Chosen, keys: Iterable[int]) -> Iterator[EventTexts]:
    """One event after the other: of each it holds the body."""
    for key in keys:
        for event in _with_leaf(AuditEvent.objects.filter(pk=key)):
            yield _sorted_texts(event, _texts_at(key, texts))


def _texts_at(key: int, texts: Chosen) -> Texts:
    """Those of one event. Keys of other events are not asked for again each time."""
    if not isinstance(texts, TextsOfPerson):
        return texts.filter(event_id=key)
    all_texts = AuditPersonalText.objects.filter(event_id=key)
    return all_texts if key in texts.acted else all_texts.exclude(field__in=(ACTOR_NAME, ADDRESS))


def _with_leaf(events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
    return events.select_related("leaf").only("event_id", "action", "body", "digest", "leaf__leaf_hash")


def _sealed_body(event: AuditEvent) -> dict[str, Any] | None:
    """None of a damaged event, and of one whose body is another than the sealed one: digest and body are soon changed.

    One that waits for the sealer is believed. A superuser can alter the leaf, too, which `audit_verify` tells.
    """
    body, leaf = readable_body(event), getattr(event, "leaf", None)
    is_sealed_so = body is None or leaf is None or stored_bytes(leaf.leaf_hash) == leaf_hash(bytes(event.body))
    return body if is_sealed_so else None


def _sorted_texts(event: AuditEvent, texts: Texts) -> EventTexts:
    """Of a damaged event everything that could be a text of it, unless it is more than any event has."""
    body = _sealed_body(event)
    action = event.action if body is None else body["action"]
    committed = None if body is None else _commitments_under(event.event_id, body)
    found, others = [], False
    for key, field in texts.order_by("field").values_list("pk", "field").iterator(chunk_size=FIELDS_A_REDACTION):
        if is_field(str(field)) and (committed is None or field in committed):
            found.append((key, field))
        else:
            others = True
        if len(found) > MOST_TEXTS:
            return EventTexts(event.event_id, action, [], has_others=True)
    return EventTexts(event.event_id, action, found, others)


def _commitments_under(event_id: UUID, body: Mapping[str, Any]) -> Mapping[str, str]:
    """None where the column has another's id: a redaction under it would say something of that other event."""
    return commitments_in(body) if body["event_id"] == str(event_id) else {}


def _redacted(found: EventTexts, reason: str, actor: Actor) -> int | None:
    """How many texts went. None where that cannot be recorded, of an event that nobody foresaw: it stops no other."""
    try:
        with transaction.atomic():
            return _redact_event(found, reason, actor)
    except (ValueError, DataError, IntegrityError):
        return None


def _redact_event(found: EventTexts, reason: str, actor: Actor) -> int:
    for start in range(0, len(found.texts), FIELDS_A_REDACTION):
        fields = dict(found.texts[start : start + FIELDS_A_REDACTION])
        record(
            action=AUDIT_REDACTED,
            actor=actor,
            target=Target("audit_event", str(found.event_id), found.action),
            detail={"fields": list(fields.values()), "reason": reason},
        )
        if AuditPersonalText.objects.filter(pk__in=list(fields)).redact() != len(fields):
            raise WrongState(_("Somebody else redacts event %(id)s at this moment.") % {"id": found.event_id})
    return len(found.texts)


class _Place(Func):
    """Where in the second bytes the first begin, counted from 1; 0 where they do not occur."""

    arity = 2
    output_field = IntegerField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        swapped = self.copy()
        swapped.set_source_expressions(self.get_source_expressions()[::-1])
        return swapped.as_sql(compiler, connection, function="INSTR", **extra)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, function="POSITION", arg_joiner=" IN ", **extra)


def _events_naming(object_id: str) -> Iterator[AuditEvent]:
    """Whose body has this id anywhere, or whose columns do: those are believed of damaged events alone."""
    in_body = GreaterThan(_Place(Value(object_id.encode(), BinaryField()), F("body")), 0)
    in_columns = Q(actor_object_id=object_id) | Q(target_id=object_id) | Q(search_text__contains=object_id)
    events = _with_leaf(AuditEvent.objects.filter(Q(in_body) | in_columns).order_by("pk"))
    return events.iterator(chunk_size=BODIES)


def _is_by(body: Mapping[str, Any], tenant_id: str, object_id: str) -> bool:
    return (body["actor"]["tenant_id"], body["actor"]["object_id"]) == (tenant_id, object_id)


def _is_about(body: Mapping[str, Any], object_id: str) -> bool:
    targets = filter(None, [body["target"], *body["related"]])
    return any((target.get("kind"), target["id"]) == (PERSON, object_id) for target in targets)
