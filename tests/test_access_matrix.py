"""Every address × every verb × each of the cast, for Alice's own request and grants: what the portal answers.

The table is compared with the URL conf: an address that is missing here fails. A request of which somebody covers but
one machine stands in test_access_in_part.py. No answer sets a cookie beside the known ones.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.models import AccessGrant, GrantRole, PrincipalKind, ReimageOperation, ReimageRequest, VirtualMachine
from tests.cast import client_of
from tests.passwords import AT_RELEASE, GENERATED, PASSWORD
from tests.sandbox_process import PRODUCTION, SandboxProcess
from tests.stories import approved, draft, request_reimage

CAST = ("alice", "bob", "carol", "dan", "eve", "nobody")
COOKIES = {"session", "csrf", "language", "theme", "time_zone", "messages", "password_view"}
SAFE, UNSAFE = ("get", "head"), ("post", "put", "patch", "delete")


@dataclass(frozen=True)
class Row:
    """What requester, approver, auditor, administrator, stranger and nobody get, in the order of CAST."""

    get: str
    post: str
    head: str = ""  # as GET, unless the address is for GET alone


NO = "405 405 405 405 405 302"
ALL = " ".join(["{0}"] * len(CAST))
NEVER = ALL.format(405)
REPORTS = ALL.format(400)  # no report; a browser sends them by itself, and they change nothing
# 302 for nobody is the way to the sign-in; for the others it is the way on, after a deed or to the right page.
MATRIX = {
    "reimage:my-work": Row("200 200 200 200 200 302", NO),
    "reimage:approvals": Row("200 200 200 200 200 302", NO),
    "reimage:machines": Row("200 200 200 200 200 302", NO),
    "reimage:machine": Row("200 200 200 200 404 302", NO),
    "reimage:requests": Row("200 200 200 200 200 302", NO),
    "reimage:request": Row("200 200 200 200 404 302", NO),
    "reimage:request-progress": Row("200 200 200 200 404 302", NO),
    "reimage:requests-sample": Row("403 403 200 403 403 302", NO, NO),
    # Only those with a grant may name the machine; the form without a reason comes back.
    "reimage:request-new": Row("200 404 404 404 404 302", "422 404 404 404 404 302"),
    "reimage:request-check-field": Row(NO, "200 404 404 404 404 302"),
    "reimage:request-image-versions": Row("200 404 404 404 404 302", NO),
    # A draft is its requester's alone; without the phrase it comes back.
    "reimage:request-review": Row("200 404 404 404 404 302", "422 404 404 404 404 302"),
    "reimage:request-approve": Row(NO, "403 302 403 403 404 302"),
    "reimage:request-reject": Row(NO, "403 302 403 403 404 302"),
    "reimage:request-cancel": Row(NO, "302 403 403 403 404 302"),
    # What is not sealed yet has no evidence.
    "reimage:request-evidence": Row("403 403 404 403 403 302", NO, NO),
    # Neither approver nor administrator gives a password, or sees a generated one.
    "reimage:request-password": Row("200 403 403 403 404 302", "302 403 403 403 404 302"),
    "reimage:operation-password": Row("200 403 403 403 404 302", "409 403 403 403 404 302"),  # nothing to see yet
    "reimage:operation": Row("200 200 200 200 404 302", NO),
    "reimage:operation-settle": Row(NO, "403 403 403 302 403 302"),
    # Auditors read what waits for administrators.
    "reimage:attention": Row("403 403 200 200 403 302", NO),
    "reimage:attention-case": Row("403 403 200 200 403 302", NO),
    # Without a reason the form comes back; what is not paused or held back cannot be let go.
    "reimage:execution": Row("403 403 403 200 403 302", NO),
    "reimage:execution-pause": Row(NO, "403 403 403 422 403 302"),
    "reimage:execution-resume": Row(NO, "403 403 403 409 403 302"),
    "reimage:execution-release": Row(NO, "403 403 403 404 403 302"),
    "reimage:access": Row("403 403 403 200 403 302", "403 403 403 422 403 302"),
    "reimage:access-delete": Row(NO, "403 403 403 302 403 302"),
    "audit:events": Row("403 403 200 403 403 302", NO),
    "audit:event": Row("403 403 200 403 403 302", NO),
    "audit:export": Row("403 403 200 403 403 302", NO, NO),
    "audit:verifier": Row("403 403 200 403 403 302", NO),
    # What is not sealed yet has no proof.
    "audit:export-jsonl": Row("403 403 404 403 403 302", NO, NO),
    "audit:proof": Row("403 403 404 403 403 302", NO, NO),
    # Open to all: signing in and out, personal settings, the probe.
    "identity:sign-in": Row("302 302 302 302 302 200", "200 200 200 200 200 200", NEVER),
    # With a young sign-in there is nothing to renew or to take up again.
    "identity:sign-in-again": Row("302 302 302 302 302 302", NO, NO),
    "identity:resume": Row("302 302 302 302 302 302", NO, NO),
    "identity:callback": Row(ALL.format(400), NEVER, NEVER),
    "identity:sign-out": Row(NEVER, ALL.format(200)),
    "identity:signed-out": Row(ALL.format(200), NEVER, NEVER),
    # What is named here is no session of anybody's; nothing is left to end the second time.
    "identity:sessions": Row("200 200 200 200 200 302", NO),
    "identity:sessions-end": Row(NO, "404 404 404 404 404 302"),
    "identity:people-signed-in": Row("403 403 403 200 403 302", NO),
    "identity:person-sessions-end": Row(NO, "403 403 403 302 403 302"),
    "identity:language": Row(NEVER, ALL.format(302)),
    "identity:time-zone": Row(NEVER, ALL.format(302)),
    "theme": Row(NEVER, ALL.format(302)),
    "csp-report": Row(NEVER, REPORTS),
    "healthz": Row(ALL.format(200), NEVER),
    "readyz": Row(ALL.format(503), NEVER),  # no worker runs here
    "metrics": Row(ALL.format(200), NEVER),
}

# Where a POST does something for somebody.
DEEDS = [route for route, row in MATRIX.items() if row.post not in (NO, NEVER, REPORTS)]


def routes(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[str]:
    """The name of every address of the URL conf."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from routes(entry, f"{entry.namespace}:" if entry.namespace else namespace)
        elif isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name}"


@dataclass(frozen=True)
class Scene:
    """Alice's draft and pending request, one operation that waits for an administrator, a grant, and an event."""

    people: dict[str, User | None]
    arguments: dict[str, list[object]]
    fields: dict[str, dict[str, str]]

    def answer(self, who: str, verb: str, route: str) -> int:
        person = self.people[who]
        browser = client_of(person) if person else Client()
        data = {} if verb in SAFE else self.fields.get(route, {})
        query = f"?vm={self.fields['reimage:request-new']['vm']}&field=justification"
        path = reverse(route, args=self.arguments.get(route, []))
        if verb in SAFE and route.startswith("reimage:request-"):
            path += query
        elif route == "reimage:request-check-field":
            path += "?field=justification"
        response = getattr(browser, verb)(path, data)
        assert {re.sub(r"_\d+$", "", name) for name in response.cookies} <= COOKIES, (route, who, verb)
        status: int = response.status_code
        return status


@pytest.fixture
def scene(
    azure: SandboxProcess,
    grants: list[AccessGrant],
    alice: User,
    bob: User,
    carol: User,
    dan: User,
    eve: User,
    settings: Any,
) -> Scene:
    settings.PASSWORD_MODE = "generated"
    pending = request_reimage(alice, "web-02", parameters=GENERATED)
    unsent = draft(alice, "web-03")
    stuck = request_reimage(alice, "web-04")
    ReimageRequest.objects.filter(pk=stuck.pk).update(state=RequestState.EXECUTING)
    ReimageOperation.objects.filter(reimage_request=stuck).update(state=OperationState.NEEDS_ATTENTION)
    settings.PASSWORD_MODE = "at_release"
    awaiting = approved(alice, bob, "web-03", parameters=AT_RELEASE)
    machine = VirtualMachine.objects.get(name="web-01")
    of_request = (
        "request",
        "request-progress",
        "request-approve",
        "request-reject",
        "request-cancel",
        "request-evidence",
    )
    return Scene(
        people={"alice": alice, "bob": bob, "carol": carol, "dan": dan, "eve": eve, "nobody": None},
        arguments={
            **{f"reimage:{name}": [pending.pk] for name in of_request},
            "reimage:operation": [pending.pk, pending.operations.get().pk],
            "reimage:request-password": [awaiting.pk],
            "reimage:operation-password": [pending.pk, pending.operations.get().pk],
            "reimage:machine": [machine.pk],
            "reimage:request-review": [unsent.pk],
            "reimage:operation-settle": [stuck.operations.get().pk],
            "reimage:attention-case": [stuck.operations.get().pk],
            "reimage:execution-release": [PRODUCTION],
            "reimage:access-delete": [grants[0].pk],
            "identity:person-sessions-end": [dan.pk],
            "audit:event": [AuditEvent.objects.latest("pk").event_id],
            "audit:proof": [AuditEvent.objects.latest("pk").event_id],
        },
        fields={
            "reimage:request-new": {"vm": str(machine.pk)},
            "reimage:request-check-field": {"vm": str(machine.pk)},
            "reimage:request-approve": {"digest": pending.digest},
            "reimage:request-reject": {"comment": "Not this week."},
            "reimage:request-password": {
                "operations": str(awaiting.operations.get().pk),
                "admin_password": PASSWORD,
                "admin_password_again": PASSWORD,
            },
            "reimage:operation-settle": {"executed": "no", "comment": "I looked.", "confirmation": "web-04"},
            "identity:sessions-end": {"session": "0" * 32},
            "identity:language": {"language": "ja"},
            "identity:time-zone": {"time_zone": "Asia/Tokyo"},
            "theme": {"theme": "dark"},
        },
    )


def everything() -> dict[str, list[dict[str, object]]]:
    """All that a deed could change. Refusals and exports add events, and a sign-in notes its time."""
    models = apps.get_app_config("reimage").get_models()
    rows = {model.__name__: list(model.objects.order_by("pk").values()) for model in models}
    people = User.objects.order_by("pk").values("display_name", "app_roles", "group_ids", "language", "time_zone")
    return rows | {"User": list(people)}


@pytest.mark.asvs("V8.2.1", "V13.4.5")
def test_every_address_is_in_the_table() -> None:
    assert set(routes()) == set(MATRIX)


@pytest.mark.asvs("V3.5.3", "V8.2.1", "V8.2.2", "V14.3.3")
def test_reading_answers_as_the_table_says_and_changes_nothing(scene: Scene) -> None:
    before = everything()
    for route, row in MATRIX.items():
        for who, get, head in zip(CAST, row.get.split(), (row.head or row.get).split(), strict=True):
            assert scene.answer(who, "get", route) == int(get), (route, who)
            assert scene.answer(who, "head", route) == int(head), (route, who)
            refusals = {405, 404, 403} | ({302} if who == "nobody" else set())
            for verb in UNSAFE[1:]:
                assert scene.answer(who, verb, route) in refusals, (route, who, verb)
        assert everything() == before, route


@pytest.mark.asvs("V8.2.1", "V8.2.2")
def test_rights_in_another_scope_open_nothing_here(scene: Scene, eve: User) -> None:
    """Eve may request and approve everything of a resource group in which none of these machines is."""
    scope = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-batch"
    hers = {"principal_kind": PrincipalKind.USER, "principal_id": eve.object_id, "created_by": "test"}
    for role in GrantRole:
        AccessGrant.objects.create(role=role, scope=scope, scope_key=scope.lower(), **hers)
    for route, row in MATRIX.items():
        for verb, answers in (("get", row.get), ("post", row.post)):
            assert scene.answer("eve", verb, route) == int(answers.split()[CAST.index("eve")]), (verb, route)


@pytest.mark.asvs("V3.5.3", "V8.2.1")
def test_where_nothing_is_done_nobody_does_it(scene: Scene) -> None:
    before = everything()
    for route, row in MATRIX.items():
        if route not in DEEDS:
            for who, post in zip(CAST, row.post.split(), strict=True):
                assert scene.answer(who, "post", route) == int(post), (route, who)
    assert everything() == before


@pytest.mark.parametrize("who", CAST)
@pytest.mark.parametrize("route", DEEDS)
@pytest.mark.asvs("V8.2.1", "V8.2.2", "V14.3.3")
def test_a_deed_is_answered_as_the_table_says(scene: Scene, route: str, who: str) -> None:
    assert scene.answer(who, "post", route) == int(MATRIX[route].post.split()[CAST.index(who)])


@pytest.mark.parametrize("route", DEEDS)
@pytest.mark.asvs("V3.5.1")
def test_every_deed_needs_the_forms_token_and_our_own_site(scene: Scene, route: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    person = scene.people["alice"]
    assert person is not None
    browser.force_login(person)
    path = reverse(route, args=scene.arguments.get(route, []))
    assert browser.post(path, scene.fields.get(route, {})).status_code == 403
    foreign = client_of(person).post(path, scene.fields.get(route, {}), headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    assert "Another site asked for this" in foreign.content.decode()
