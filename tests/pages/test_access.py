"""The administrators' page of grants."""

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.identity.models import User
from reimage.models import AccessGrant
from tests.azure_fixtures import RG_WEB
from tests.cast import EVE, client_of
from tests.pages.reading import part, source, words
from tests.pages.rows import virtual_machine

PAGE = "/access/"
GRANT = {
    "principal_kind": "user",
    "principal_id": str(EVE.object_id),
    "principal_label": "Eve Endo",
    "role": "requester",
    "scope": RG_WEB,
}


def give(person: User, **fields: str) -> HttpResponse:
    return client_of(person).post(PAGE, {**GRANT, **fields})


def test_it_shows_each_grant_and_how_many_machines_it_covers(grants: list[AccessGrant], dan: User) -> None:
    virtual_machine("web-11")
    virtual_machine("web-12")
    text = words(client_of(dan).get(PAGE))
    assert "owner=batch" in text
    assert f"{RG_WEB} 2 machines" in text


def test_nobody_has_access_at_first(dan: User) -> None:
    assert "Nobody has access yet" in words(client_of(dan).get(PAGE))


def test_an_administrator_gives_access(dan: User) -> None:
    assert give(dan, tag_name="env", tag_value="test")["Location"] == PAGE
    grant = AccessGrant.objects.get()
    assert (str(grant.principal_id), grant.role, grant.scope) == (str(EVE.object_id), "requester", RG_WEB)
    assert (grant.tag_name, grant.tag_value, grant.created_by) == ("env", "test", dan.display_name)


def test_what_a_grant_would_cover_is_told_before_it_is_given(
    grants: list[AccessGrant], alice: User, bob: User, dan: User, eve: User
) -> None:
    virtual_machine("web-11")
    virtual_machine("web-12")
    virtual_machine("web-13", vanished_at=timezone.now())
    answer = give(dan, check="1")
    text = words(answer)
    assert answer.status_code == 200
    assert "Nothing was given yet. This grant would cover 2 machines." in text
    approvers = text.partition("These could decide about them, wholly or in part:")[2].partition("For a")[0]
    assert bob.display_name in approvers
    assert "Group" in approvers
    assert alice.display_name not in approvers
    assert "nobody could decide" not in text
    assert f'value="{RG_WEB}"' in source(answer)
    assert not AccessGrant.objects.filter(principal_id=EVE.object_id).exists()


def test_a_grant_that_nobody_could_decide_about_is_warned_of(dan: User, eve: User) -> None:
    virtual_machine("web-11")
    assert "About 1 of them nobody could decide" in words(give(dan, check="1"))
    approving = words(give(dan, check="1", role="approver"))
    assert "nobody could decide" not in approving
    assert eve.display_name in approving.partition("These could decide")[2]


def test_nobody_is_their_own_approver(dan: User, eve: User) -> None:
    virtual_machine("web-11")
    give(dan, role="approver")
    shown = words(give(dan, check="1")).partition("Nothing was given yet.")[2].partition("For a")[0]
    assert eve.display_name not in shown
    assert "About 1 of them nobody could decide" in shown


def test_a_grant_that_covers_nothing_is_probably_a_mistake(grants: list[AccessGrant], dan: User) -> None:
    virtual_machine("web-11")
    assert "would cover no machine that the portal knows" in words(give(dan, check="1", scope=f"{RG_WEB}-test"))


def test_looking_needs_a_grant_that_could_be_given(dan: User) -> None:
    answer = give(dan, check="1", scope="rg-web")
    assert answer.status_code == 422
    assert "is not the resource id of a subscription" in part(answer, "main")


def test_looking_costs_the_same_however_many_approvers_there_are(dan: User) -> None:
    def queries_of_a_look() -> int:
        with CaptureQueriesContext(connection) as captured:
            give(dan, check="1")
        return len(captured)

    def add(numbers: range) -> None:
        for number in numbers:
            give(dan, role="approver", tag_name="number", tag_value=str(number))

    virtual_machine("web-11")
    add(range(3))
    few = queries_of_a_look()
    add(range(3, 40))
    assert queries_of_a_look() == few


@pytest.mark.parametrize(
    ("fields", "where", "text"),
    [
        ({"principal_id": "eve"}, "id_principal_id_error", "valid UUID"),
        ({"scope": ""}, "id_scope_error", "required"),
        ({"tag_value": "test"}, "id_tag_name_error", "Give the tag"),
        ({"scope": "rg-web"}, "main", "is not the resource id of a subscription"),
    ],
)
def test_what_must_be_mended_is_said_where_it_is(dan: User, fields: dict[str, str], where: str, text: str) -> None:
    answer = give(dan, **fields)
    assert answer.status_code == 422
    assert text in part(answer, where)
    assert not AccessGrant.objects.exists()


def test_the_same_grant_is_given_once(dan: User) -> None:
    give(dan)
    answer = give(dan)
    assert answer.status_code == 422
    assert "This grant exists already" in words(answer)
    assert AccessGrant.objects.count() == 1


def test_an_administrator_takes_access_away_once(grants: list[AccessGrant], dan: User) -> None:
    address = f"/access/{grants[0].pk}/delete"
    assert client_of(dan).post(address)["Location"] == PAGE
    assert not AccessGrant.objects.filter(pk=grants[0].pk).exists()
    assert client_of(dan).post(address).status_code == 404


@pytest.mark.asvs("V3.5.3")
def test_a_link_takes_nothing_away(grants: list[AccessGrant], dan: User) -> None:
    assert client_of(dan).get(f"/access/{grants[0].pk}/delete").status_code == 405
    assert AccessGrant.objects.count() == len(grants)


def test_nobody_else_reads_or_changes_access(
    grants: list[AccessGrant], alice: User, bob: User, carol: User, eve: User
) -> None:
    for person in (alice, bob, carol, eve):
        browser = client_of(person)
        for answer in (browser.get(PAGE), give(person), browser.post(f"/access/{grants[0].pk}/delete")):
            assert answer.status_code == 403
            assert "Reimage.Administrator" in words(answer)
    assert AccessGrant.objects.count() == len(grants)
