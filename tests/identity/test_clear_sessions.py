"""Sessions that are over do not stay in the database, and each has its end in the log."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.identity import tasks
from portal.identity.models import Session, User
from tests.cast import client_of


@pytest.mark.django_db
@pytest.mark.asvs("V14.2.7")
def test_it_deletes_expired_rows_and_no_other() -> None:
    now = timezone.now()
    Session.objects.create(session_key="over", session_data="", expire_date=now - timedelta(minutes=1))
    Session.objects.create(session_key="in-use", session_data="", expire_date=now + timedelta(minutes=1))
    tasks.clear_sessions()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["in-use"]


@pytest.mark.asvs("V14.2.7", "V16.3.1")
def test_what_nobody_came_back_to_ends_with_its_event(alice: User, bob: User) -> None:
    with time_machine.travel("2026-05-01T09:00:00Z", tick=False) as time:
        client_of(alice)
        time.shift(20 * 60)
        client_of(bob)
        time.shift(10 * 60)
        tasks.clear_sessions()
        tasks.clear_sessions()
    assert [session.user for session in Session.objects.all()] == [bob]
    event = AuditEvent.objects.get(action="session.expired")
    assert str(alice.object_id).encode() in bytes(event.body)


def test_a_row_outlives_its_session_by_a_day_at_most(alice: User) -> None:
    """So that somebody who comes back the same day is told why they have to sign in again."""
    client_of(alice)
    left = Session.objects.get().expire_date - timezone.now()
    assert timedelta(hours=8) < left <= timedelta(hours=24)
