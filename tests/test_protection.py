"""Deeds that another site began are refused, and so are more than a person does; both are explained and recorded."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from portal.audit.catalogue import AUDIT_LOG_EXPORTED, EVIDENCE_PACK_TAKEN
from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage.audit_actions import REQUESTS_SAMPLED
from reimage.domain.request_states import RequestState
from reimage.models import ReimageRequest
from tests.audit.sealing.logs import SealedLog
from tests.cast import client_of
from tests.sandbox_process import SandboxProcess
from tests.stories import request_reimage


def refusals() -> int:
    return AuditEvent.objects.filter(action="access.refused").count()


def approve(client: Client, pending: ReimageRequest, **headers: str) -> Any:
    path = reverse("reimage:request-approve", args=[pending.pk])
    return client.post(path, {"digest": pending.digest}, headers=headers)


TAKEN = [action.name for action in (AUDIT_LOG_EXPORTED, EVIDENCE_PACK_TAKEN, REQUESTS_SAMPLED)]


@dataclass(frozen=True)
class Takings:
    """An auditor, and what she may take away of one sealed request."""

    browser: Client
    addresses: dict[str, str]

    def take(self, what: str, headers: dict[str, str] | None = None) -> HttpResponse:
        return self.browser.get(self.addresses[what], headers=headers or {})

    def events(self) -> int:
        return AuditEvent.objects.filter(action__in=TAKEN).count()


@pytest.fixture
def takings(log: SealedLog, azure: SandboxProcess, alice: User, carol: User) -> Takings:
    pending = request_reimage(alice, "web-02")
    log.seal()
    sample = {"first_day": "2020-01-01", "last_day": "2020-01-02", "size": "3", "seed": "a1b2", "zone": "UTC"}
    return Takings(
        browser=client_of(carol),
        addresses={
            "csv": reverse("audit:export"),
            "jsonl": reverse("audit:export-jsonl"),
            "proof": reverse("audit:proof", args=[AuditEvent.objects.earliest("pk").event_id]),
            "pack": reverse("reimage:request-evidence", args=[pending.pk]),
            "sample": f"{reverse('reimage:requests-sample')}?{urlencode(sample)}",
        },
    )


@pytest.mark.asvs("V3.5.1", "V16.3.3")
@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything-else"])
def test_a_deed_that_another_site_began_is_refused(azure: SandboxProcess, alice: User, bob: User, site: str) -> None:
    pending = request_reimage(alice, "web-02")
    response = approve(client_of(bob), pending, **{"Sec-Fetch-Site": site})
    assert response.status_code == 403
    assert "Another site asked for this" in response.content.decode()
    pending.refresh_from_db()
    assert pending.state == RequestState.PENDING_APPROVAL
    assert refusals() == 1


@pytest.mark.parametrize("site", ["same-origin", "none", ""])
def test_ones_own_form_and_an_old_browser_pass(azure: SandboxProcess, alice: User, bob: User, site: str) -> None:
    pending = request_reimage(alice, "web-02")
    headers = {"Sec-Fetch-Site": site} if site else {}
    assert approve(client_of(bob), pending, **headers).status_code == 302
    pending.refresh_from_db()
    assert pending.state == RequestState.APPROVED


def test_a_link_from_another_site_may_lead_here(alice: User) -> None:
    assert client_of(alice).get("/machines/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.asvs("V3.5.1", "V3.5.3", "V16.3.3")
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("what", ["csv", "jsonl", "proof", "pack", "sample"])
def test_no_other_site_takes_anything_in_an_auditors_name(takings: Takings, what: str, site: str) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    response = takings.take(what, headers=headers)
    assert response.status_code == 403
    assert "Another site asked for this in your name" in response.content.decode()
    assert (takings.events(), refusals()) == (0, 1)


@pytest.mark.parametrize("what", ["csv", "jsonl", "proof", "pack", "sample"])
@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_ones_own_link_takes_it(takings: Takings, what: str, site: str) -> None:
    assert takings.take(what, headers={"Sec-Fetch-Site": site}).status_code == 200
    assert takings.events() == 1


@pytest.mark.asvs("V2.4.1")
def test_who_takes_too_much_waits(takings: Takings, settings: Settings) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"taking": 5}
    kinds = ["csv", "jsonl", "proof", "pack", "sample"]
    assert [takings.take(what).status_code for what in [*kinds, *kinds]] == [200] * 5 + [429] * 5
    assert (takings.events(), refusals()) == (5, 1)


def test_the_empty_form_of_a_sample_takes_nothing(takings: Takings, settings: Settings) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"taking": 0}
    path = reverse("reimage:requests-sample")
    assert takings.browser.get(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
    assert takings.events() == 0


@pytest.mark.asvs("V16.3.3")
def test_a_form_without_its_token_is_an_event_but_a_flood_of_them_is_none(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    for _ in range(15):
        assert client.post("/theme", {"theme": "dark"}).status_code == 403
    assert refusals() == 10


@pytest.mark.asvs("V2.4.1", "V2.4.2", "V8.2.4", "V16.3.3")
def test_who_decides_too_often_waits(azure: SandboxProcess, alice: User, bob: User, settings: Settings) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"decision": 1}
    first, second = request_reimage(alice, "web-02"), request_reimage(alice, "web-03")
    client = client_of(bob)
    assert approve(client, first).status_code == 302
    for _ in range(3):
        response = approve(client, second)
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 600
    assert "This came too often" in response.content.decode()
    second.refresh_from_db()
    assert second.state == RequestState.PENDING_APPROVAL
    assert refusals() == 1
    assert client.get(reverse("reimage:request", args=[second.pk])).status_code == 200


@pytest.mark.asvs("V2.4.1", "V2.4.2")
def test_who_submits_or_drafts_too_often_waits(alice: User, settings: Settings) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"submission": 1, "draft": 1}
    client = client_of(alice)
    for path in (reverse("reimage:request-review", args=[1]), reverse("reimage:request-new")):
        assert client.post(path).status_code != 429
        assert client.post(path).status_code == 429


@pytest.mark.django_db
@pytest.mark.asvs("V2.4.1", "V6.3.1")
@pytest.mark.parametrize("verb", ["post", "get"])
def test_an_address_that_signs_in_too_often_waits(settings: Settings, verb: str) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sign_in": 2, "sign_in_answer": 2}
    path = "/sign-in" if verb == "post" else "/sign-in/callback?state=invented"
    client = Client()
    answers = [getattr(client, verb)(path).status_code for _ in range(4)]
    assert answers[2:] == [429, 429]
    assert 429 not in answers[:2]
    assert client.get("/sign-in").status_code == 200


@pytest.mark.django_db
def test_it_is_explained_in_japanese_and_as_a_fragment(settings: Settings) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sign_in": 0}
    headers = {"Accept-Language": "ja", "HX-Request": "true"}
    text = Client().post("/sign-in", headers=headers).content.decode()
    assert "短い時間に何度も送信されました" in text
    assert "<html" not in text


@pytest.mark.asvs("V15.3.3")
def test_fields_that_no_form_offers_change_nothing(azure: SandboxProcess, alice: User, bob: User, dan: User) -> None:
    pending = request_reimage(alice, "web-02")
    surplus = {"digest": pending.digest, "state": "completed", "requester": dan.pk, "approver": alice.pk}
    path = reverse("reimage:request-approve", args=[pending.pk])
    assert client_of(bob).post(path, surplus).status_code == 302
    decided = ReimageRequest.objects.select_related("decision").get(pk=pending.pk)
    assert (decided.requester, decided.decision.approver) == (alice, bob)
    client_of(alice).post("/settings/language", {"language": "ja", "app_roles": '["Reimage.Administrator"]'})
    alice.refresh_from_db()
    assert alice.app_roles == []


@pytest.mark.asvs("V15.3.7")
def test_the_query_does_not_stand_in_for_the_form(azure: SandboxProcess, alice: User, bob: User) -> None:
    pending = request_reimage(alice, "web-02")
    path = f"{reverse('reimage:request-approve', args=[pending.pk])}?digest={pending.digest}"
    assert client_of(bob).post(path).status_code == 409
    pending.refresh_from_db()
    assert pending.state == RequestState.PENDING_APPROVAL
