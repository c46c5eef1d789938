import pytest

from reimage.domain.policy import Grant, GrantRole, PrincipalError, PrincipalKey, covers, may_approve, may_request
from reimage.domain.resource_ids import Scope, VirtualMachineId
from tests.domain.samples import ALICE, OTHER_SUBSCRIPTION, SUBSCRIPTION, TENANT

WEB_01 = VirtualMachineId(SUBSCRIPTION, "rg-web", "web-01")
TAGS = {"Env": "prod", "owner": "web"}
REQUESTER, APPROVER = GrantRole.REQUESTER, GrantRole.APPROVER


def grant(*scope, role=REQUESTER, tag=None):
    return Grant(role, Scope(*scope), tag)


@pytest.mark.parametrize(
    "scope",
    [(SUBSCRIPTION,), (SUBSCRIPTION, "RG-WEB"), (SUBSCRIPTION, "rg-web", "WEB-01")],
)
def test_it_covers_what_its_scope_contains(scope):
    assert covers(grant(*scope), WEB_01, {})


@pytest.mark.parametrize("scope", [(OTHER_SUBSCRIPTION,), (SUBSCRIPTION, "rg-we"), (SUBSCRIPTION, "rg-web", "web-0")])
def test_it_covers_nothing_beside_its_scope(scope):
    assert not covers(grant(*scope), WEB_01, TAGS)


@pytest.mark.parametrize(
    ("tag", "covered"),
    [
        (("Env", "prod"), True),
        (("env", "prod"), True),
        (("env", "Prod"), False),
        (("env", "test"), False),
        (("env", ""), False),
        (("owner", "prod"), False),
        (("missing", "prod"), False),
    ],
)
def test_a_tag_narrows_it_by_any_spelling_of_the_name_and_the_exact_value(tag, covered):
    assert covers(grant(SUBSCRIPTION, tag=tag), WEB_01, TAGS) is covered


def test_a_tag_never_widens_its_scope():
    assert not covers(grant(OTHER_SUBSCRIPTION, tag=("env", "prod")), WEB_01, TAGS)


def test_the_power_to_request_and_the_power_to_approve_are_two():
    requester, approver = grant(SUBSCRIPTION), grant(SUBSCRIPTION, role=APPROVER)
    assert may_request([requester], WEB_01, TAGS)
    assert not may_request([approver], WEB_01, TAGS)
    assert may_approve([approver], WEB_01, TAGS)
    assert not may_approve([requester], WEB_01, TAGS)


def test_one_covering_grant_among_many_is_enough_and_none_is_not():
    elsewhere = grant(OTHER_SUBSCRIPTION)
    assert may_request([elsewhere, grant(SUBSCRIPTION)], WEB_01, TAGS)
    assert not may_request([elsewhere], WEB_01, TAGS)
    assert not may_request([], WEB_01, TAGS)


def test_a_person_is_the_same_however_their_ids_are_spelled():
    shouted = PrincipalKey(TENANT.upper(), ALICE.object_id.upper())
    assert shouted == ALICE
    assert hash(shouted) == hash(ALICE)
    assert str(shouted) == f"{TENANT}/aa000000-0000-4000-8000-00000000000a"


@pytest.mark.parametrize("ids", [("", ALICE.object_id), (TENANT, "alice@example.com"), (TENANT, "")])
def test_a_person_without_both_ids_is_refused(ids):
    with pytest.raises(PrincipalError, match="must be a GUID"):
        PrincipalKey(*ids)
