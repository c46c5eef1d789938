"""What a superuser does to the columns of the log, and what whoever took over the web process adds to it."""

import hashlib
import json
import uuid
from typing import Any

from django.test import Client

from portal.audit.canonical import canonical_bytes
from portal.audit.insertion import insert, log_cursor
from portal.audit.models import AuditEvent
from portal.audit.projection import columns_of
from reimage.models import ReimageRequest
from tests.audit.sealing.tampering import run


def alter(event: AuditEvent, **columns: object) -> None:
    """Changes columns and leaves the body as it was sealed."""
    names = ", ".join(f"{name} = %s" for name in columns)
    statement = f"UPDATE audit_auditevent SET {names} WHERE id = {event.pk}"  # noqa: S608  # a test's own words
    run(statement, parameters=list(columns.values()))


def rewrite(event: AuditEvent, body: object) -> None:
    """Puts another body in its place, with its own digest: as it could have been added as well."""
    stored = canonical_bytes(body)
    alter(event, body=stored, digest=hashlib.sha256(stored).hexdigest())


def body_of(event: AuditEvent) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(bytes(event.body))
    return body


def add(body: dict[str, Any], /, **columns: object) -> AuditEvent:
    """Inserts an event with this body under an id of its own, and columns that say something else."""
    stored = canonical_bytes({**body, "event_id": str(uuid.uuid4())})
    values = columns_of(stored) | {"body": stored, "digest": hashlib.sha256(stored).hexdigest()}
    with log_cursor() as cursor:
        return insert(cursor, values | columns)


def event_of(reimage_request: ReimageRequest, action: object) -> AuditEvent:
    """The one of this action, or the first."""
    found = AuditEvent.objects.filter(subject=reimage_request.audit_subject, action=getattr(action, "name", action))
    event = found.select_related("leaf").order_by("pk").first()
    assert event is not None
    return event


def operation_pages(reader: Client, reimage_request: ReimageRequest) -> list[str]:
    """The page of each machine, as it was sent."""
    addresses = [f"/requests/{reimage_request.pk}/operations/{one.pk}/" for one in reimage_request.operations.all()]
    answers = [reader.get(address) for address in addresses]
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    return [answer.content.decode() for answer in answers]
