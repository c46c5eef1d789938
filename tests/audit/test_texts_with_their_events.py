"""PostgreSQL takes the personal texts of an event in the transaction that adds the event, and never again."""

import pytest
from django.db import IntegrityError, connection, transaction

from portal.audit.models import AuditEvent, AuditPersonalText
from portal.audit.personal import Personal
from portal.audit.redaction import redact, texts_of_event
from tests.audit.events import record_event
from tests.audit.people import GROUND, OPERATOR, texts_left

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="a file of SQLite has no roles"),
]


def record_with_a_text() -> AuditEvent:
    return record_event(detail={"reason": Personal("Down")})


def test_a_text_that_was_redacted_does_not_come_back() -> None:
    """A forged one would make tampering of an honest event."""
    event = record_with_a_text()
    redact(texts=texts_of_event(event.event_id), reason=GROUND, actor=OPERATOR)
    with pytest.raises(IntegrityError, match="a text is added with its event"):
        AuditPersonalText.objects.create(event=event, field="/detail/reason", salt=bytes(32), text="Forged")
    assert texts_left() == set()


def test_a_savepoint_is_of_its_transaction() -> None:
    with transaction.atomic():
        record_with_a_text()
        with transaction.atomic():
            record_with_a_text()
        record_with_a_text()
    assert AuditPersonalText.objects.filter(text="Down").count() == 3
