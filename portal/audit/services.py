"""The only writer of the log. Called by a service within the transaction of the change that it describes."""

import hashlib
import re
import uuid
from collections.abc import Iterable, Mapping

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from portal.audit import catalogue
from portal.audit.actors import Actor, Target
from portal.audit.canonical import NotCanonical, canonical_bytes, canonical_time
from portal.audit.catalogue import AuditAction
from portal.audit.context import current_context
from portal.audit.form import BODY_VERSION, SUBJECT, size_problem
from portal.audit.insertion import insert, log_cursor, next_place
from portal.audit.models import AuditEvent, Outcome
from portal.audit.personal import Personal, committed
from portal.audit.projection import columns_of
from portal.audit.text import storable

_FLAG = re.compile(r"[a-z][a-z0-9_]*")


class NotInTransaction(RuntimeError):
    """An event was to be recorded apart from the change that it describes."""


def record(
    *,
    action: AuditAction,
    actor: Actor,
    outcome: Outcome = Outcome.SUCCESS,
    target: Target | None = None,
    related: Iterable[Target] = (),
    subject: str = "",
    detail: Mapping[str, object] | None = None,
    flags: Iterable[str] = (),
) -> AuditEvent:
    """Appends one event and returns it.

    `subject` ("reimage_request:<uuid>") gives the event the next number of that subject; the caller holds the lock
    of the subject's row, and a second writer without it fails on the constraint. `related` names further things
    that a search shall find it by. `detail` holds text, integers, lists, mappings and aware times, never a secret;
    what is about a person, or typed by one, is a `Personal` text. Address and names of actors are so by themselves.
    Raises NotInTransaction outside of an atomic block, CatalogueError for an action that is not registered, ValueError
    for a subject or flag of another form, and NotCanonical for a detail that has no single form.
    """
    if not transaction.get_connection(DEFAULT_DB_ALIAS).in_atomic_block:
        raise NotInTransaction(f"{action.name} must be recorded within transaction.atomic(), with what it describes.")
    catalogue.get(action.name)
    with log_cursor() as cursor:
        sequence, previous_digest = next_place(cursor, _checked_subject(subject)) if subject else (None, "")
        body = {
            "version": BODY_VERSION,
            "event_id": str(uuid.uuid4()),
            "occurred_at": canonical_time(timezone.now()),
            "action": action.name,
            "outcome": Outcome(outcome).value,
            "actor": actor.as_recorded(),
            "target": target.as_recorded() if target else None,
            "related": [item.as_recorded() for item in related],
            "subject": subject,
            "sequence": sequence,
            "previous_digest": previous_digest,
            "flags": _checked_flags(flags),
            "detail": dict(detail or {}),
            **_origin(),
        }
        return _insert(cursor, body)


def _checked_subject(subject: str) -> str:
    if not SUBJECT.fullmatch(subject):
        raise ValueError(f"{subject!r} is no subject: write a kind and a key, like reimage_request:12.")
    return subject


def _checked_flags(flags: Iterable[str]) -> list[str]:
    found = sorted(set(flags))
    for flag in found:
        if not _FLAG.fullmatch(flag):
            raise ValueError(f"{flag!r} is not a flag: write small letters, digits and underscores.")
    return found


def _origin() -> dict[str, object]:
    context = current_context()
    return {
        "address": Personal(context.address),
        "session_reference": context.session_reference,
        "http_request_id": context.http_request_id,
    }


def _insert(cursor: CursorWrapper, body: Mapping[str, object]) -> AuditEvent:
    sealable, texts = committed(storable(body))
    stored = canonical_bytes(sealable)
    if problem := size_problem(stored):
        raise NotCanonical(f"is too large for an event, {problem}: record less of it.")
    return insert(cursor, columns_of(stored) | {"body": stored, "digest": hashlib.sha256(stored).hexdigest()}, texts)
