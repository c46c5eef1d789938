"""Finds events by a part of a text: in their columns, or in the personal texts beside them.

What is rare is looked up first, by its own index, and then the events by key. What is frequent is met soon on the way
through the log, newest first. One query for both would leave that choice to a planner that cannot see into an OR.
"""

import re
import unicodedata
from typing import TypeVar

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.lookups import Contains
from django.db.models.sql.compiler import SQLCompiler

from portal.audit.folding import searchable
from portal.audit.models import AuditEvent, AuditPersonalText
from portal.audit.personal import ACTOR_NAME, LABELS

Events = TypeVar("Events", bound=QuerySet[AuditEvent])
RARE = 1_000  # events
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def of_person(events: Events, text: str) -> Events:
    """Events whose actor's name or object id holds this text."""
    if _UUID.fullmatch(text):
        return events.filter(actor_object_id=text.lower())
    names = AuditPersonalText.objects.filter(_holds("text", text), field=ACTOR_NAME)
    return _found(events, _holds("actor_name", text) | Q(actor_object_id__icontains=text), names)


def about(events: Events, text: str) -> Events:
    """Events about something whose label or id holds this text."""
    labels = AuditPersonalText.objects.filter(_holds("text", text), field__regex=LABELS)
    wanted = searchable(unicodedata.normalize("NFC", text))
    return _found(events, Q(search_text__contains=wanted), labels)


def _holds(field: str, text: str) -> Q:
    """That a text holds this one, whatever the case. Texts are stored in form NFC, and typed in any.

    SQLite's LIKE knows the case of ASCII letters alone, so other letters are looked for by GLOB.
    """
    wanted = unicodedata.normalize("NFC", text)
    is_cased = any(not letter.isascii() and letter.lower() != letter.upper() for letter in wanted)
    if is_cased and connection.vendor == "sqlite":
        return Q((f"{field}__{Globbed.lookup_name}", f"*{''.join(map(_either_case, wanted))}*"))
    return Q((f"{field}__icontains", wanted))


def _either_case(letter: str) -> str:
    """A letter as GLOB matches it large and small; what means something to GLOB, as itself."""
    forms = "".join(sorted(form for form in {letter, letter.lower(), letter.upper()} if len(form) == 1))
    return f"[{forms}]" if len(forms) > 1 or letter in "*?[" else letter


@CharField.register_lookup
@TextField.register_lookup
class Globbed(Contains):
    """SQLite's own patterns, which know every letter: https://www.sqlite.org/lang_expr.html#glob."""

    lookup_name = "globbed"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[str | int, ...]]:
        """The column, and the pattern as a parameter."""
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} GLOB %s", (*parameters, str(self.rhs))


def _found(events: Events, plain: Q, texts: QuerySet[AuditPersonalText]) -> Events:
    keys = [
        *AuditEvent.objects.filter(plain).order_by().values_list("pk", flat=True)[: RARE + 1],
        *texts.order_by().values_list("event_id", flat=True)[: RARE + 1],
    ]
    if len(keys) <= RARE:
        return events.filter(pk__in=keys)
    return events.filter(plain | Q(Exists(texts.filter(event_id=OuterRef("pk")))))
