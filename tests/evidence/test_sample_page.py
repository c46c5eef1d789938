"""The sampling page: what it draws, out of how many, that it tells the log, and that it may be drawn again."""

import hashlib
import re
from datetime import date

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.audit.actors import Actor
from portal.audit.disclosure import disclosed_body
from portal.audit.models import AuditEvent
from portal.audit.sampling import UnfitSeed
from portal.identity.models import User
from reimage import audit_actions
from reimage.sampling import Period, draw_requests
from tests.audit.events import record_event
from tests.cast import client_of
from tests.pages.reading import words
from tests.pages.rows import reimage_request

MAY = "/audit/sample?first_day=2026-05-01&last_day=2026-05-31&size=3&seed=a1b2&zone=Asia/Tokyo"


def submit(alice: User, *days: str) -> list[int]:
    """A request at each of these times, as far as log and list know."""
    made = [reimage_request(alice) for _ in days]
    for found, day in zip(made, days, strict=True):
        with time_machine.travel(day, tick=False):
            record_event(action=audit_actions.REQUEST_SUBMITTED, actor=Actor.person(alice), subject=found.audit_subject)
    return [found.pk for found in made]


@pytest.fixture
def submitted(alice: User) -> list[int]:
    """Ten requests of May."""
    return submit(alice, *[f"2026-05-{day:02}T12:00:00Z" for day in range(1, 11)])


def numbers_of(text: str) -> list[int]:
    return [int(found) for found in re.findall(r'<th scope="row">\s*<a href="/requests/(\d+)/">', text)]


def test_it_draws_by_seed_and_leads_to_request_and_pack(auditor: Client, submitted: list[int]) -> None:
    response = auditor.get(MAY)
    drawn = sorted(submitted, key=lambda number: hashlib.sha256(f"a1b2:{number}".encode()).hexdigest())[:3]
    assert numbers_of(response.content.decode()) == drawn
    assert "3 of 10 requests, seed a1b2" in words(response)
    assert "Alice Aoki" in words(response)
    for number in drawn:
        assert f'href="/requests/{number}/evidence.zip"' in response.content.decode()
        assert hashlib.sha256(f"a1b2:{number}".encode()).hexdigest() in words(response)
    assert numbers_of(auditor.get(MAY).content.decode()) == drawn


def test_each_drawing_is_an_event_that_says_how_to_draw_it_again(auditor: Client, submitted: list[int]) -> None:
    auditor.get("/audit/sample")
    assert not AuditEvent.objects.filter(action="reimage_requests.sampled").exists()
    auditor.get(MAY)
    event = AuditEvent.objects.get(action="reimage_requests.sampled")
    detail = disclosed_body(event)["detail"]
    assert event.actor_text == "Carol Chiba"
    assert (detail["seed"], detail["size"], detail["candidates"]) == ("a1b2", 3, 10)
    assert (detail["first_day"], detail["last_day"], detail["zone"]) == ("2026-05-01", "2026-05-31", "Asia/Tokyo")
    assert detail["drawn"] == numbers_of(auditor.get(MAY).content.decode())


def test_a_period_is_whole_days_of_its_zone(auditor: Client, alice: User) -> None:
    inside = submit(alice, "2026-04-30T15:00:00Z", "2026-05-31T14:59:59Z")
    submit(alice, "2026-04-30T14:59:59Z", "2026-05-31T15:00:00Z")
    assert sorted(numbers_of(auditor.get(MAY).content.decode())) == inside
    assert "2 of 2 requests" in words(auditor.get(MAY))


@time_machine.travel("2026-05-20T00:00:00Z", tick=False)
def test_a_period_that_is_not_over_is_warned_of(auditor: Client) -> None:
    assert "The period is not over" in words(auditor.get(MAY))
    assert "The period is not over" not in words(auditor.get(MAY.replace("05-31", "05-19")))


def test_an_empty_period_says_so(auditor: Client) -> None:
    assert "No request was submitted in this period." in words(auditor.get(MAY))


@time_machine.travel("2026-06-15T00:00:00Z", tick=False)
def test_it_proposes_last_month_and_a_seed_of_its_own(auditor: Client) -> None:
    first, second = (auditor.get("/audit/sample").content.decode() for _ in range(2))
    assert 'value="2026-05-01"' in first
    assert 'value="2026-05-31"' in first
    seeds = [re.search(r'name="seed" value="([0-9a-f]{16})"', page) for page in (first, second)]
    assert seeds[0]
    assert seeds[1]
    assert seeds[0][1] != seeds[1][1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("size=3", "size=0"), "greater than or equal to 1"),
        (("size=3", "size=201"), "less than or equal to 200"),
        (("last_day=2026-05-31", "last_day=2026-04-30"), "The last day lies before the first"),
        (("seed=a1b2", "seed="), "This field is required."),
        (("seed=a1b2", "seed=a b"), "Use up to 64 of the letters a to z"),
        (("seed=a1b2", "seed=%E9%9D%92%E6%9C%A8"), "Use up to 64 of the letters a to z"),
        (("seed=a1b2", "seed=" + "a" * 65), "Use up to 64 of the letters a to z"),
        (("seed=a1b2", "seed=a%00"), "cannot be stored (U+0000)"),
        (("Asia/Tokyo", "Mars/Olympus"), "which does not exist"),
        (("first_day=2026-05-01", "first_day=May"), "Enter a valid date."),
    ],
)
def test_what_cannot_be_drawn_comes_back_with_what_was_typed(
    auditor: Client, change: tuple[str, str], message: str
) -> None:
    response = auditor.get(MAY.replace(*change))
    assert response.status_code == 422
    assert message in words(response)
    assert 'value="2026-05-31"' in response.content.decode() or change[0].startswith("last_day")
    assert not AuditEvent.objects.filter(action="reimage_requests.sampled").exists()


@pytest.mark.parametrize("seed", ["Alice Aoki", "青木", "", "a" * 65, "a1b2\n"])
def test_a_seed_of_free_text_is_not_sealed_by_the_service_either(carol: User, seed: str) -> None:
    """In the body it could not be redacted."""
    period = Period(date(2026, 5, 1), date(2026, 5, 31), "Asia/Tokyo")
    with pytest.raises(UnfitSeed):
        draw_requests(period=period, seed=seed, size=3, actor=Actor.person(carol))
    assert not AuditEvent.objects.filter(action="reimage_requests.sampled").exists()


def test_each_request_of_the_log_is_drawn_from_once(auditor: Client, alice: User) -> None:
    """One that the portal does not have is drawn too: that it is missing is worth to be found."""
    (number,) = submit(alice, "2026-05-01T12:00:00Z")
    for subject in (f"reimage_request:{number}", "reimage_request:999", f"reimage_request:0{number}"):
        with time_machine.travel("2026-05-02T12:00:00Z", tick=False):
            record_event(action=audit_actions.REQUEST_SUBMITTED, actor=Actor.person(alice), subject=subject)
    response = auditor.get(MAY)
    assert sorted(numbers_of(response.content.decode())) == [number, 999]
    detail = disclosed_body(AuditEvent.objects.get(action="reimage_requests.sampled"))["detail"]
    assert (detail["candidates"], sorted(detail["drawn"])) == (2, [number, 999])


def test_a_request_belongs_to_the_period_of_its_first_event_alone(auditor: Client, alice: User) -> None:
    (number,) = submit(alice, "2026-04-01T12:00:00Z")
    with time_machine.travel("2026-05-02T12:00:00Z", tick=False):
        subject = f"reimage_request:{number}"
        record_event(action=audit_actions.REQUEST_SUBMITTED, actor=Actor.person(alice), subject=subject)
    assert numbers_of(auditor.get(MAY).content.decode()) == []


def test_a_seed_that_is_refused_is_told_so_in_japanese_and_stays(auditor: Client) -> None:
    response = auditor.get(MAY.replace("seed=a1b2", "seed=Alice Aoki"), headers={"Accept-Language": "ja"})
    assert response.status_code == 422
    assert "使用できるのは、半角の英字" in words(response)
    assert 'value="Alice Aoki"' in response.content.decode()


def test_it_is_for_auditors_alone(alice: User, bob: User, dan: User, eve: User) -> None:
    for person in (alice, bob, dan, eve):
        assert client_of(person).get(MAY).status_code == 403
    assert not AuditEvent.objects.filter(action="reimage_requests.sampled").exists()


@pytest.mark.parametrize("verb", ["head", "post", "put", "delete"])
def test_no_other_verb_draws(auditor: Client, verb: str) -> None:
    assert getattr(auditor, verb)(MAY).status_code == 405
    assert not AuditEvent.objects.exists()


def test_its_cost_does_not_grow_with_what_there_is_to_choose_from(auditor: Client, alice: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert auditor.get(MAY).status_code == 200
        return len(captured)

    submit(alice, *["2026-05-10T12:00:00Z"] * 3)
    queries()
    with_3 = queries()
    submit(alice, *["2026-05-11T12:00:00Z"] * 60)
    assert queries() == with_3


def test_the_audit_log_leads_there(auditor: Client) -> None:
    assert 'href="/audit/sample"' in auditor.get("/audit/").content.decode()


def test_it_stands_under_the_audit_log(auditor: Client) -> None:
    assert '<a href="/audit/" aria-current="page">' in auditor.get("/audit/sample").content.decode()
