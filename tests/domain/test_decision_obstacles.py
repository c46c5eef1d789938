from reimage.domain.errors import RuleViolation
from reimage.domain.policy import Grant, GrantRole, PrincipalKey, Target, decision_obstacles
from reimage.domain.resource_ids import Scope, VirtualMachineId
from tests.domain.samples import ALICE, BOB, SUBSCRIPTION

WEB_01 = Target(VirtualMachineId(SUBSCRIPTION, "rg-web", "web-01"), {})
BATCH_01 = Target(VirtualMachineId(SUBSCRIPTION, "rg-batch", "batch-01"), {"env": "test"})
EVERYTHING = [Grant(GrantRole.APPROVER, Scope(SUBSCRIPTION))]
OWN_REQUEST = RuleViolation("decision", "own_request")
BATCH_NOT_COVERED = RuleViolation(
    "decision", "virtual_machine_not_covered", {"vm": "batch-01", "resource_id": str(BATCH_01.vm_id)}
)


def obstacles(approver=BOB, grants=EVERYTHING, targets=(WEB_01, BATCH_01)):
    return decision_obstacles(
        approver_identity=approver, requester_identity=ALICE, approver_grants=grants, targets=targets
    )


def test_bob_may_decide_what_his_grants_cover():
    assert obstacles() == ()


def test_alice_may_not_decide_her_own_request_whatever_her_grants():
    assert obstacles(approver=ALICE) == (OWN_REQUEST,)


def test_alice_is_recognised_by_any_spelling_of_her_ids():
    shouted = PrincipalKey(ALICE.tenant_id.upper(), ALICE.object_id.upper())
    assert obstacles(approver=shouted) == (OWN_REQUEST,)


def test_the_same_object_id_of_another_tenant_is_another_person():
    assert obstacles(approver=PrincipalKey("99999999-9999-4999-8999-999999999999", ALICE.object_id)) == ()


def test_every_machine_beyond_the_grants_is_named():
    web_only = [Grant(GrantRole.APPROVER, Scope(SUBSCRIPTION, "rg-web"))]
    assert obstacles(grants=web_only) == (BATCH_NOT_COVERED,)
    assert obstacles(approver=ALICE, grants=web_only) == (OWN_REQUEST,)  # no grant would help
    assert len(obstacles(grants=[])) == 2


def test_grants_may_cover_the_machines_together():
    together = [
        Grant(GrantRole.APPROVER, Scope(SUBSCRIPTION, "rg-web")),
        Grant(GrantRole.APPROVER, Scope(SUBSCRIPTION), ("env", "test")),
    ]
    assert obstacles(grants=together) == ()


def test_the_power_to_request_decides_nothing():
    assert len(obstacles(grants=[Grant(GrantRole.REQUESTER, Scope(SUBSCRIPTION))])) == 2
