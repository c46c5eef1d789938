"""Sessions that are over do not stay in the database."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from portal.identity import tasks


@pytest.mark.django_db
@pytest.mark.asvs("V14.2.7")
def test_it_deletes_expired_sessions_and_no_other() -> None:
    now = timezone.now()
    Session.objects.create(session_key="over", session_data="", expire_date=now - timedelta(minutes=1))
    Session.objects.create(session_key="in-use", session_data="", expire_date=now + timedelta(minutes=1))
    tasks.clear_sessions()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["in-use"]
