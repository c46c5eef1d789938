"""Groups of a person who is in too many for a token: Graph is asked, and in doubt nothing is believed."""

import json
import uuid
from datetime import UTC, datetime

import pytest
from pytest_django import Settings

from portal.identity.claims import Claims, read_claims
from portal.identity.groups import memberships_of
from portal.identity.models import User
from tests.cast import ALICE, TEAM_WEB, TENANT_ID, VM_APPROVERS
from tests.identity.entra_server import EntraServer
from tests.identity.journey import Visitor

OVERAGE = {
    "groups": None,
    "_claim_names": {"groups": "src1"},
    "_claim_sources": {"src1": {"endpoint": "https://evil/getMemberObjects"}},
}
MANY = [uuid.UUID(int=number) for number in range(45)]


def many_groups() -> list[uuid.UUID]:
    return MANY


def overage_claims() -> Claims:
    return Claims(
        tenant_id=TENANT_ID,
        object_id=ALICE.object_id,
        issued_at=datetime(2026, 5, 1, tzinfo=UTC),
        name="Alice Aoki",
        groups_overage=True,
    )


def test_it_asks_graph_about_the_groups_that_matter(visitor: Visitor, entra: EntraServer) -> None:
    entra.groups = {TEAM_WEB}
    visitor.sign_in(ALICE, entra, **OVERAGE)
    user = User.objects.get()
    assert user.group_ids == [TEAM_WEB]
    assert user.groups_are_complete
    asked = entra.asked("/v1.0/me/checkMemberGroups")
    assert [json.loads(request.body) for request in asked] == [{"groupIds": [TEAM_WEB, VM_APPROVERS]}]
    assert asked[0].headers["Authorization"] == "Bearer for-graph"


def test_the_implicit_form_of_overage_counts_too(visitor: Visitor, entra: EntraServer) -> None:
    entra.groups = {VM_APPROVERS}
    visitor.sign_in(ALICE, entra, groups=None, hasgroups=True)
    assert User.objects.get().group_ids == [VM_APPROVERS]


def test_it_does_not_ask_when_the_token_says_it_all(visitor: Visitor, entra: EntraServer) -> None:
    visitor.sign_in(ALICE, entra, groups=None)
    assert User.objects.get().group_ids == []
    assert User.objects.get().groups_are_complete
    assert not entra.asked("/checkMemberGroups")


@pytest.mark.parametrize(
    "answer",
    [
        (503, "busy", {}),
        (401, {"error": {"code": "InvalidAuthenticationToken"}}, {}),
        (200, "<html>", {}),
        (200, {}, {}),
        (200, [], {}),
        (200, {"value": [None]}, {}),
        (200, {"value": "90000000"}, {}),
        (302, "", {"Location": "https://evil/"}),
    ],
)
@pytest.mark.asvs("V16.5.3")
def test_it_believes_no_group_when_graph_does_not_say(
    visitor: Visitor, entra: EntraServer, answer: tuple[int, object, dict[str, str]]
) -> None:
    entra.answers["/checkMemberGroups"] = answer
    response = visitor.sign_in(ALICE, entra, **OVERAGE)
    user = User.objects.get()
    assert user.group_ids == []
    assert not user.groups_are_complete
    page = visitor.client.get(response.url).content.decode()
    assert "sign out and in again in a few minutes" in page


def test_it_asks_in_portions_that_graph_accepts(entra: EntraServer, settings: Settings) -> None:
    settings.IDENTITY_GROUPS_OF_INTEREST = "tests.identity.test_groups.many_groups"
    entra.groups = {str(group_id) for group_id in MANY[10:30]}
    memberships = memberships_of(overage_claims(), access_token="for-graph")
    assert memberships.group_ids == tuple(MANY[10:30])
    sizes = [len(json.loads(request.body)["groupIds"]) for request in entra.asked("/checkMemberGroups")]
    assert sizes == [20, 20, 5]


def test_one_failed_portion_fails_all(entra: EntraServer, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.IDENTITY_GROUPS_OF_INTEREST = "tests.identity.test_groups.many_groups"
    entra.groups = {str(group_id) for group_id in MANY}
    honest = entra.answer
    monkeypatch.setattr(entra, "answer", lambda wire: (500, "", {}) if len(entra.requests) == 3 else honest(wire))
    memberships = memberships_of(overage_claims(), access_token="for-graph")
    assert memberships.group_ids == ()
    assert not memberships.complete


def test_it_takes_no_group_that_it_did_not_ask_for(entra: EntraServer) -> None:
    entra.answers["/checkMemberGroups"] = (200, {"value": [TEAM_WEB, str(MANY[1])]}, {})
    memberships = memberships_of(overage_claims(), access_token="for-graph")
    assert [str(group_id) for group_id in memberships.group_ids] == [TEAM_WEB]


def test_group_names_are_not_ids() -> None:
    payload = {"tid": str(TENANT_ID), "oid": str(ALICE.object_id), "iat": 1_780_000_000}
    payload |= {"groups": ["vm-approvers", TEAM_WEB.upper(), 7]}
    assert [str(group_id) for group_id in read_claims(payload).group_ids] == [TEAM_WEB]
