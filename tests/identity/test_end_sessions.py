"""An operator signs somebody out everywhere, and the log says so."""

import io

import pytest
from django.core.management import CommandError, call_command

from portal.audit.models import AuditEvent
from portal.identity.models import User
from tests.cast import client_of


def end(*arguments: str) -> str:
    said = io.StringIO()
    call_command("end_sessions", *arguments, stdout=said)
    return said.getvalue()


@pytest.mark.asvs("V7.4.5")
def test_one_persons_sessions_end_in_every_browser_and_no_others(alice: User, bob: User) -> None:
    hers, his = [client_of(alice), client_of(alice)], client_of(bob)
    assert end("--person", str(alice.object_id)) == "2 sessions ended.\n"
    assert {client.get("/").status_code for client in hers} == {302}
    assert his.get("/").status_code == 200
    event = AuditEvent.objects.get(action="session.ended")
    assert str(alice.object_id).encode() in bytes(event.body)


@pytest.mark.asvs("V7.4.5")
def test_everybodys_sessions_end(alice: User, bob: User) -> None:
    clients = [client_of(alice), client_of(bob)]
    assert end("--all") == "2 sessions ended.\n"
    assert {client.get("/").status_code for client in clients} == {302}
    assert AuditEvent.objects.filter(action="session.ended").count() == 2
    assert end("--all") == "0 sessions ended.\n"


@pytest.mark.django_db
def test_an_unknown_person_is_said_to_be_unknown() -> None:
    with pytest.raises(CommandError, match="has ever signed in"):
        end("--person", "00000000-0000-4000-8000-000000000000")
