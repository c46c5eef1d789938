"""The log is for auditors: everybody else is told which role they lack, and the attempt is recorded."""

import pytest
from django.test import Client

from portal.audit.models import AuditEvent
from portal.audit.text_search import of_person
from portal.identity.models import User
from tests.audit.events import record_event
from tests.cast import ALICE, BOB, CAROL, DAN, EVE, Part, client_of, make_user

PAGES = ["/audit/", "/audit/export.csv", "/audit/{event_id}/"]


@pytest.fixture
def addresses(db: None) -> list[str]:
    event = record_event()
    return [page.format(event_id=event.event_id) for page in PAGES]


def test_an_auditor_reads_every_page(auditor: Client, addresses: list[str]) -> None:
    assert [auditor.get(address).status_code for address in addresses] == [200, 200, 200]


@pytest.mark.parametrize("part", [ALICE, BOB, DAN, EVE], ids=lambda part: part.display_name)
def test_anybody_else_is_refused_and_told_the_role(part: Part, addresses: list[str]) -> None:
    browser = client_of(make_user(part))
    for address in addresses:
        response = browser.get(address)
        assert response.status_code == 403
        assert "Reimage.Auditor" in response.content.decode()
    assert of_person(AuditEvent.objects.filter(outcome="refused"), part.display_name).count() == len(addresses)
    assert not AuditEvent.objects.filter(action="audit_log.exported").exists()


def test_somebody_who_has_not_signed_in_is_led_to_the_sign_in(client: Client, addresses: list[str]) -> None:
    for address in addresses:
        response = client.get(address)
        assert response.status_code == 302
        assert "next=/audit/" in response["Location"]


def test_an_administrator_who_audits_as_well_may_read(addresses: list[str]) -> None:
    both: User = make_user(DAN, app_roles=[*DAN.app_roles, *CAROL.app_roles])
    assert client_of(both).get("/audit/").status_code == 200


@pytest.mark.parametrize("verb", ["post", "put", "patch", "delete"])
def test_nothing_in_the_log_can_be_written_over_http(auditor: Client, addresses: list[str], verb: str) -> None:
    for address in addresses:
        assert getattr(auditor, verb)(address).status_code == 405
    assert AuditEvent.objects.filter(action="access.refused", actor_kind="system").count() == 1
