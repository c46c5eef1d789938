"""Access is given and taken by administrators, in words that Azure knows, and covers exactly what the rules say."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.audit.actors import Actor
from portal.audit.models import AuditEvent
from portal.audit.text_search import of_person
from portal.errors import NotAllowed, NotFound, Problem, WrongState
from portal.identity.models import User
from reimage import selectors
from reimage.domain import policy
from reimage.domain.resource_ids import VirtualMachineId
from reimage.models import AccessGrant, GrantRole, PrincipalKind, VirtualMachine
from reimage.services.grants import create_grant, delete_grant, grant_access
from reimage.services.inventory import _store
from tests.azure_fixtures import RG_WEB
from tests.cast import ALICE, TEAM_WEB
from tests.domain.samples import WEB_02
from tests.sandbox_process import PRODUCTION, SandboxProcess

SUBSCRIPTION = f"/subscriptions/{PRODUCTION}"
DEVELOPMENT = "aaaaaaaa-0000-4000-8000-000000000002"


def make(scope: str, tag: tuple[str, str] = ("", ""), **differences: Any) -> AccessGrant:
    given: dict[str, Any] = {
        "actor": Actor.system("test"),
        "principal_kind": PrincipalKind.USER,
        "principal_id": ALICE.object_id,
        "role": GrantRole.REQUESTER,
        "scope": scope,
        "tag_name": tag[0],
        "tag_value": tag[1],
    }
    return create_grant(**given | differences)


def given_by(administrator: User, **differences: Any) -> AccessGrant:
    given: dict[str, Any] = {
        "principal_kind": "group",
        "principal_id": TEAM_WEB,
        "principal_label": "Web team",
        "role": "requester",
        "scope": RG_WEB,
        "tag_name": "",
        "tag_value": "",
    }
    return grant_access(administrator=administrator, **given | differences)


def test_an_administrator_gives_access(dan: User) -> None:
    grant = given_by(dan)
    assert (grant.scope, grant.scope_key, grant.created_by) == (RG_WEB, RG_WEB.lower(), "Dan Date")
    event = AuditEvent.objects.get(action="access_grant.created")
    assert event.actor_text == "Dan Date"
    assert b"Web team" in bytes(event.body)


@pytest.mark.asvs("V8.3.1")
def test_nobody_else_gives_or_takes_access(alice: User, bob: User, carol: User, eve: User) -> None:
    grant = make(RG_WEB)
    for person in (alice, bob, carol, eve):
        with pytest.raises(NotAllowed, match=r"Reimage\.Administrator"):
            given_by(person)
        with pytest.raises(NotAllowed, match=r"Reimage\.Administrator"):
            delete_grant(administrator=person, grant_id=grant.pk)
    assert AccessGrant.objects.get() == grant


def test_an_administrator_takes_access(dan: User) -> None:
    grant = given_by(dan)
    delete_grant(administrator=dan, grant_id=grant.pk)
    assert not AccessGrant.objects.exists()
    assert of_person(AuditEvent.objects.filter(action="access_grant.deleted"), "Dan Date").count() == 1
    with pytest.raises(NotFound, match="gone already"):
        delete_grant(administrator=dan, grant_id=grant.pk)


def test_the_same_grant_is_given_once_however_it_is_spelled(dan: User) -> None:
    given_by(dan)
    with pytest.raises(WrongState, match="exists already"):
        given_by(dan, scope=f" {RG_WEB.upper().replace('SUBSCRIPTIONS', 'subscriptions')}/ ")
    assert AccessGrant.objects.count() == 1
    assert AuditEvent.objects.filter(action="access_grant.created").count() == 1


@pytest.mark.parametrize(
    "scope",
    [
        "",
        "rg-web",
        "/subscriptions/production",
        f"{SUBSCRIPTION}/resourceGroups/rg-web/providers/Microsoft.Compute/disks/web-01",
        f"{SUBSCRIPTION}/resourceGroups/rg%web",
    ],
)
def test_a_scope_that_azure_does_not_know_is_refused_with_what_is_wrong(dan: User, scope: str) -> None:
    with pytest.raises(Problem, match="is not the resource id of") as refused:
        given_by(dan, scope=scope)
    assert "resource id" in refused.value.remedy
    assert not AccessGrant.objects.exists()


def test_a_tag_has_a_name(dan: User) -> None:
    with pytest.raises(Problem, match="without its name"):
        given_by(dan, tag_value="test")
    grant = given_by(dan, tag_name="env", tag_value="test")
    with pytest.raises(IntegrityError), transaction.atomic():
        AccessGrant.objects.filter(pk=grant.pk).update(tag_name="")


def test_the_database_knows_the_roles(dan: User) -> None:
    given_by(dan)
    with pytest.raises(IntegrityError), transaction.atomic():
        AccessGrant.objects.update(role="owner")


SCOPES = [
    SUBSCRIPTION,
    SUBSCRIPTION.upper().replace("SUBSCRIPTIONS", "Subscriptions"),
    f"/subscriptions/{DEVELOPMENT}",
    RG_WEB,
    RG_WEB.replace("rg-web", "RG-Web"),
    f"{SUBSCRIPTION}/resourceGroups/rg-web2",
    f"{SUBSCRIPTION}/resourceGroups/rg-we",
    f"{RG_WEB}/providers/Microsoft.Compute/virtualMachines/web-01",
    f"{RG_WEB}/providers/microsoft.compute/virtualmachines/WEB-01",
    f"{RG_WEB}/providers/Microsoft.Compute/virtualMachines/web-0",
    f"/subscriptions/{DEVELOPMENT}/resourceGroups/rg-web",
]
TAGS = [
    ("", ""),
    ("env", "test"),
    ("ENV", "test"),
    ("env", "TEST"),
    ("owner", "batch"),
    ("owner", ""),
    ("nothing", "x"),
]


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("scope", SCOPES)
def test_sql_and_the_rules_agree_on_what_a_grant_covers(some_machines: None, scope: str, tag: tuple[str, str]) -> None:
    grant = make(scope, tag)
    rules = selectors.policy_grants([grant])
    by_rule = {
        machine.name
        for machine in VirtualMachine.objects.all()
        if policy.may_request(rules, VirtualMachineId.parse(machine.resource_id), machine.tags)
    }
    assert {machine.name for machine in selectors.virtual_machines_covered_by([grant])} == by_rule
    assert selectors.covered_counts([grant]) == {grant.pk: len(by_rule)}


@pytest.fixture
def some_machines(db: None) -> None:
    """Neighbours that a careless comparison would mix up."""
    places = [
        ("rg-web", "web-01", {"env": "test"}),
        ("RG-WEB", "web-02", {"Env": "test", "owner": "batch"}),
        ("rg-web2", "web-03", {"env": "TEST"}),
        ("rg-we", "web-04", {"owner": ""}),
    ]
    found = []
    for subscription, (group, name, tags) in product((PRODUCTION, DEVELOPMENT), places):
        vm_id = VirtualMachineId(subscription, group, f"{name}-{subscription[-1]}")
        found.append(replace(WEB_02, resource_id=vm_id, tags=tags))
    found.append(replace(WEB_02, resource_id=VirtualMachineId(PRODUCTION, "rg-web", "web-01"), tags={}))
    _store(found, timezone.now())


def test_no_grants_cover_nothing(some_machines: None) -> None:
    assert not selectors.virtual_machines_covered_by([]).exists()
    assert selectors.covered_counts([]) == {}


def test_several_grants_cover_their_union_once(some_machines: None) -> None:
    both = [make(RG_WEB), make(SUBSCRIPTION, ("env", "test"))]
    found = list(selectors.virtual_machines_covered_by(both).values_list("pk", flat=True))
    assert len(found) == len(set(found))


def test_a_vanished_machine_is_not_counted(azure: SandboxProcess) -> None:
    grant = make(f"{RG_WEB}/providers/Microsoft.Compute/virtualMachines/web-01")
    assert selectors.covered_counts([grant]) == {grant.pk: 1}
    VirtualMachine.objects.filter(name="web-01").update(vanished_at=VirtualMachine.objects.get(name="web-01").synced_at)
    assert selectors.covered_counts([grant]) == {grant.pk: 0}


def test_the_groups_worth_asking_for_are_those_that_grants_name(db: None) -> None:
    make(RG_WEB)
    make(RG_WEB, principal_kind=PrincipalKind.GROUP, principal_id=TEAM_WEB)
    assert selectors.granted_group_ids() == [TEAM_WEB]
