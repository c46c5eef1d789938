"""The list: newest first, in pages that new events do not shift, the same with and without JavaScript."""

import re

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.audit.actors import Actor
from portal.audit.catalogue import AUDIT_LOG_EXPORTED
from portal.audit.models import AuditEvent, Outcome
from portal.audit.selectors import PAGE_SIZE
from portal.identity.models import User
from tests.audit.events import WEB_01, record_event

HTMX = {"HX-Request": "true"}


def text_of(auditor: Client, address: str = "/audit/", **headers: str) -> str:
    response = auditor.get(address, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def numbers_in(page: str) -> list[int]:
    return [int(number) for number in re.findall(r">vm-(\d+)<", page)]


def link_in(page: str, relation: str) -> str | None:
    found = re.search(rf'rel="{relation}" href="([^"]+)"', re.sub(r"\s+", " ", page))
    return found[1].replace("&amp;", "&") if found else None


def record_numbered(numbers: range) -> None:
    with transaction.atomic():
        for number in numbers:
            record_event(target=WEB_01.__class__("virtual_machine", f"id-{number}", f"vm-{number}"))


def test_it_shows_who_did_what_about_what_and_when(auditor: Client, alice: User) -> None:
    with time_machine.travel("2024-10-09T04:45:06Z", tick=False):
        event = record_event(actor=Actor.person(alice), target=WEB_01, outcome=Outcome.FAILED, flags=["delete_warning"])
    page = text_of(auditor)
    assert "Alice Aoki" in page
    assert "web-01" in page
    assert "Access refused" in page
    assert "Failed" in page
    assert "Delete warning" in page
    assert f'href="/audit/{event.event_id}/"' in page
    assert '<time datetime="2024-10-09T04:45:06+00:00">2024-10-09 04:45:06 UTC</time>' in page


@pytest.mark.parametrize(("outcome", "tone"), [("success", "good"), ("refused", "warn"), ("failed", "bad")])
def test_it_shows_an_outcome_in_words_and_colour(auditor: Client, outcome: str, tone: str) -> None:
    record_event(outcome=Outcome(outcome))
    assert re.search(rf'class="status tone-{tone}">.*{Outcome(outcome).label}</span>', text_of(auditor))


def test_it_says_of_an_actor_that_is_no_person_what_it_is(auditor: Client, alice: User) -> None:
    record_event(actor=Actor.unknown())
    record_event(actor=Actor.system("expiry"))
    record_event(actor=Actor.person(alice))
    page = text_of(auditor)
    assert page.count("Not signed in</span>") == page.count("The portal itself</span>") == 1
    assert "<bdi>expiry</bdi>" in page
    assert "Person</span>" not in page


def test_it_says_why_it_is_empty_and_what_next(auditor: Client) -> None:
    page = text_of(auditor, "/audit/?person=nobody")
    assert "No event matches this filter" in page
    assert "remove a filter" in page
    AuditEvent.objects.none()
    assert "No events yet" in text_of(auditor)


def test_it_has_one_heading_and_a_table_with_a_caption(auditor: Client) -> None:
    record_event()
    page = text_of(auditor)
    assert page.count("<h1") == 1
    assert page.count("<caption>") == 1
    assert page.count('scope="col"') == 5
    assert page.count('scope="row"') == 1


def test_it_goes_from_page_to_page_without_losing_or_repeating_an_event(auditor: Client) -> None:
    with time_machine.travel("2024-10-09T04:45:06Z", tick=False):  # the same time for all: the key breaks the tie
        record_numbered(range(2 * PAGE_SIZE + 5))
    first = text_of(auditor)
    assert numbers_in(first) == list(range(2 * PAGE_SIZE + 4, PAGE_SIZE + 4, -1))
    assert link_in(first, "prev") is None
    second = text_of(auditor, f"/audit/{link_in(first, 'next')}")
    third = text_of(auditor, f"/audit/{link_in(second, 'next')}")
    assert [*numbers_in(first), *numbers_in(second), *numbers_in(third)] == list(range(2 * PAGE_SIZE + 4, -1, -1))
    assert link_in(third, "next") is None
    back = text_of(auditor, f"/audit/{link_in(third, 'prev')}")
    assert numbers_in(back) == numbers_in(second)
    assert numbers_in(text_of(auditor, f"/audit/{link_in(back, 'next')}")) == numbers_in(third)
    front = text_of(auditor, f"/audit/{link_in(back, 'prev')}")
    assert numbers_in(front) == numbers_in(first)
    assert link_in(front, "prev") is None


def test_an_older_page_does_not_shift_when_events_arrive(auditor: Client) -> None:
    record_numbered(range(PAGE_SIZE + 10))
    older = f"/audit/{link_in(text_of(auditor), 'next')}"
    before = numbers_in(text_of(auditor, older))
    record_numbered(range(1000, 1007))
    assert numbers_in(text_of(auditor, older)) == before == list(range(9, -1, -1))


@pytest.mark.asvs("V1.2.2")
def test_paging_keeps_the_filter(auditor: Client) -> None:
    record_numbered(range(PAGE_SIZE + 1))
    record_event(AUDIT_LOG_EXPORTED)
    first = text_of(auditor, "/audit/?action=access.refused&target=vm")
    older = link_in(first, "next")
    assert older is not None
    assert "action=access.refused" in older
    assert numbers_in(text_of(auditor, f"/audit/{older}")) == [0]


def test_a_page_beyond_either_end_is_empty(auditor: Client) -> None:
    event = record_event(target=WEB_01)
    for direction in ("older", "newer"):
        assert "No events yet" in text_of(auditor, f"/audit/?{direction}={event.event_id}")


@pytest.mark.parametrize("cut", ["99999999-9999-4999-8999-999999999999", "1%20OR%201", "%00"])
def test_it_refuses_to_go_on_from_an_event_that_does_not_exist(auditor: Client, cut: str) -> None:
    for direction in ("older", "newer"):
        response = auditor.get(f"/audit/?{direction}={cut}")
        assert response.status_code == 404
        assert "The audit log has no event" in response.content.decode()


def test_htmx_gets_the_events_and_the_form_of_the_same_view(auditor: Client) -> None:
    record_event(target=WEB_01)
    fragment = text_of(auditor, **HTMX).strip()
    assert fragment.startswith('<section id="events"')
    assert 'hx-swap-oob="true"' in fragment
    assert "<html" not in fragment
    page = text_of(auditor)
    assert "<html" in page
    assert "hx-swap-oob" not in page


def test_htmx_gets_the_whole_page_when_it_restores_history(auditor: Client) -> None:
    assert "<html" in text_of(auditor, **HTMX, **{"HX-History-Restore-Request": "true"})


def test_it_tells_caches_that_page_and_fragment_differ(auditor: Client) -> None:
    assert "HX-Request" in auditor.get("/audit/")["Vary"]


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_it_shows_a_wrong_filter_at_its_field_and_no_events(auditor: Client, headers: dict[str, str]) -> None:
    record_event(target=WEB_01)
    page = text_of(auditor, "/audit/?occurred_from=yesterday", **headers)
    assert "The filter cannot be used as it is" in page
    assert re.search(r'id="id_occurred_from_error".*?Enter a valid date', page, re.DOTALL)
    assert re.search(r'<input[^>]*value="yesterday"[^>]*aria-invalid="true"', page)
    assert "web-01" not in page


def test_it_offers_to_remove_filters_only_where_there_are_some(auditor: Client) -> None:
    assert "Remove all filters" not in text_of(auditor, "/audit/?person=")
    assert "Remove all filters" in text_of(auditor, "/audit/?person=alice")


def test_it_asks_the_database_as_often_for_300_events_as_for_3(auditor: Client) -> None:
    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            text_of(auditor, address)
        return len(captured)

    record_numbered(range(3))
    last = AuditEvent.objects.latest("id").event_id
    addresses = ["/audit/", "/audit/?target=vm&delete_warning=", f"/audit/?older={last}", f"/audit/{last}/"]
    with_3 = [queries(address) for address in addresses]
    record_numbered(range(3, 300))
    assert [queries(address) for address in addresses] == with_3
    # Session, user, the navigation's grants and counts, what holds execution up, events, their texts, sealed, anchored.
    assert with_3[0] <= 10
