"""The log as CSV for a spreadsheet, which must neither calculate nor be misled by what it reads."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.audit.actors import Actor, Target
from portal.audit.canonical import NotCanonical, canonical_bytes, canonical_time
from portal.audit.catalogue import AUDIT_LOG_EXPORTED
from portal.audit.disclosure import disclose
from portal.audit.models import AuditEvent, AuditEventQuerySet
from portal.audit.personal import Personal
from portal.audit.selectors import events_in_chunks
from portal.audit.services import record
from portal.audit.text import visible_line
from portal.errors import Problem

EXPORT_LIMIT = 50_000  # events
PERSONAL_FILTERS = ("person", "target")
BYTE_ORDER_MARK = "\ufeff"  # without it Excel does not read UTF-8
# OWASP, "CSV Injection": what starts a formula, in full width too, with or without spaces before it.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

COLUMNS: dict[str, Callable[[AuditEvent], object]] = {
    "occurred_at": lambda event: canonical_time(event.occurred_at),
    "event_id": lambda event: event.event_id,
    "action": lambda event: event.action,
    "outcome": lambda event: event.outcome,
    "actor_kind": lambda event: event.actor_kind,
    "actor_name": lambda event: event.actor_text,
    "actor_tenant_id": lambda event: event.actor_tenant_id,
    "actor_object_id": lambda event: event.actor_object_id,
    "target_kind": lambda event: event.target_kind,
    "target_id": lambda event: event.target_id,
    "target_label": lambda event: event.target_text,
    "subject": lambda event: event.subject,
    "sequence": lambda event: "" if event.sequence is None else event.sequence,
    "flags": lambda event: " ".join(event.flag_names),
    "address": lambda event: event.address_text,
    "session_reference": lambda event: event.session_reference,
    "http_request_id": lambda event: event.http_request_id,
    "detail": lambda event: _detail_of(event),
    "previous_digest": lambda event: event.previous_digest,
    "digest": lambda event: event.digest,
}


def begin_export(*, events: AuditEventQuerySet, actor: Actor, selection: Mapping[str, str]) -> list[int]:
    """Records an export of these events and returns their keys; what is recorded is exactly what is written.

    Raises Problem for more than EXPORT_LIMIT events: half an answer looks like a whole one in a spreadsheet.
    """
    with transaction.atomic():
        keys = at_most_a_file(events.values_list("pk", flat=True))
        record_export(actor=actor, selection=selection, rows=len(keys), form="csv")
    return keys


def at_most_a_file(found: QuerySet[AuditEvent, int]) -> list[int]:
    """All of these numbers; raises Problem where they are too many for one file."""
    numbers = list(found[: EXPORT_LIMIT + 1])
    if len(numbers) > EXPORT_LIMIT:
        raise Problem(
            _("This selection has more than %(limit)d events; one export holds no more.") % {"limit": EXPORT_LIMIT},
            _("Choose a shorter time, or filter further, and export the parts one after the other."),
        )
    return numbers


def record_export(
    *, actor: Actor, selection: Mapping[str, str], rows: int, form: str, target: Target | None = None
) -> None:
    """The event of an export; the caller is in a transaction. What was looked for may be somebody's name."""
    told = {name: Personal(text) if name in PERSONAL_FILTERS else text for name, text in selection.items()}
    detail = {"filter": told, "rows": rows, "format": form}
    record(action=AUDIT_LOG_EXPORTED, actor=actor, target=target, detail=detail)


def csv_lines(keys: Sequence[int]) -> Iterator[str]:
    """The file, a line at a time: a byte order mark, the names of the columns, then one event a line."""
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)
    yield BYTE_ORDER_MARK + writer.writerow(COLUMNS)
    for event in events_in_chunks(keys):
        disclose(event)  # the columns as its body has them
        yield writer.writerow(harmless_cell(str(value_of(event))) for value_of in COLUMNS.values())


def _detail_of(event: AuditEvent) -> str:
    """As JSON; words in its place for a damaged event, which must not end the file in its middle."""
    with suppress(NotCanonical):
        told = disclose(event)
        if not told.is_damaged:
            return canonical_bytes(told.body["detail"]).decode()
    return _("damaged: run audit_verify")


def export_file_name(form: str, now: datetime | None = None) -> str:
    """A name that sorts by time."""
    return f"audit-{(now or timezone.now()):%Y%m%dT%H%M%SZ}.{form}"


def harmless_cell(text: str) -> str:
    """Text that a spreadsheet shows as it is: nothing is calculated, nothing is hidden."""
    is_formula = text.startswith(_FORMULA_STARTS) or text.lstrip().startswith(_FORMULA_STARTS)
    return ("'" if is_formula else "") + visible_line(text)


class _Echo:
    """A file for csv.writer that hands back each line instead of keeping it."""

    def write(self, line: str) -> str:
        return line
