"""What evidence could not settle: the list, and each case laid out for and against."""

import re
from datetime import timedelta

import pytest

from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.models import ReimageOperation
from tests.cast import client_of
from tests.pages.reading import form_actions, part, source, words
from tests.sandbox_process import SandboxProcess
from tests.stories import advance_to, age, approved

POST = {"verb": "POST", "path_contains": "/reimage"}


@pytest.fixture
def waiting(azure: SandboxProcess, alice: User, bob: User) -> ReimageOperation:
    """The POST was reset before Azure had it, and the quarantine is over."""
    azure.faults("reset_before", match=POST)
    operation = advance_to(approved(alice, bob, "web-02").operations.get(), OperationState.OUTCOME_UNKNOWN)
    age(operation, timedelta(minutes=21))
    return advance_to(operation, OperationState.NEEDS_ATTENTION)


def sides(person: User, operation: ReimageOperation) -> tuple[str, str]:
    """The source of what speaks for, and of what speaks against."""
    page = client_of(person).get(f"/attention/{operation.pk}/")
    assert page.status_code == 200
    supporting, _, opposing = part(page, "for").partition('id="against"')
    return supporting, opposing.partition("</section>")[0]


def test_the_list_leads_to_each_case_and_the_navigation_counts_them(waiting: ReimageOperation, dan: User) -> None:
    page = client_of(dan).get("/attention/")
    assert f'href="/attention/{waiting.pk}/"' in source(page)
    assert "There is no evidence that Azure accepted the reimage" in words(page)
    assert "Needs attention 1 waiting" in words(page)


def test_an_empty_list_says_that_all_is_well(db: None, dan: User) -> None:
    page = client_of(dan).get("/attention/")
    assert "Nothing needs attention" in words(page)
    assert "Needs attention 0" not in words(page)


def test_a_machine_that_was_not_touched_speaks_against(waiting: ReimageOperation, dan: User) -> None:
    supporting, opposing = sides(dan, waiting)
    assert "Nothing" in supporting
    assert "No acceptance by Azure was received." in opposing
    assert "The OS disk is the same as before the call." in opposing
    assert "no trace of this call" in opposing


def test_a_log_that_cannot_be_read_speaks_neither_for_nor_against(
    azure: SandboxProcess, waiting: ReimageOperation, dan: User
) -> None:
    azure.faults("status", match={"path_contains": "eventtypes"}, status=403)
    page = words(client_of(dan).get(f"/attention/{waiting.pk}/"))
    assert "The portal cannot read the Activity Log now" in page
    assert "no trace of this call" not in page


def test_a_replaced_disk_speaks_for(azure: SandboxProcess, waiting: ReimageOperation, dan: User) -> None:
    azure.drift("web-02", replace_os_disk=True)
    supporting, opposing = sides(dan, waiting)
    assert "The OS disk is another one than before the call." in supporting
    assert "The OS disk" not in opposing
    page = client_of(dan).get(f"/attention/{waiting.pk}/")
    assert "differs" in words(page)
    assert waiting.evidence["os_disk_id"] in source(page)
    (_old, now) = re.findall(
        r'<td data-label="(?:Before the call|Now)">\s*<bdi class="id">(/[^<]*/disks/[^<]*)<', source(page)
    )
    assert now != waiting.evidence["os_disk_id"]


def test_the_log_and_the_acceptance_speak_for(azure: SandboxProcess, alice: User, bob: User, dan: User) -> None:
    azure.faults("no_operation_headers", match=POST)
    operation = advance_to(approved(alice, bob, "web-01").operations.get(), OperationState.OUTCOME_UNKNOWN)
    azure.advance_clock(300)
    ReimageOperation.objects.filter(pk=operation.pk).update(state=OperationState.NEEDS_ATTENTION)
    supporting, _opposing = sides(dan, operation)
    assert "Azure accepted the call" in supporting
    assert "The Activity Log has this call, and that it succeeded." in supporting
    assert "it tells nothing" in words(client_of(dan).get(f"/attention/{operation.pk}/"))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"recreate": True}, "There is another machine under this name now"),
        ({"delete": True}, "The machine no longer exists in Azure"),
    ],
)
def test_another_machine_or_none_tells_nothing(
    azure: SandboxProcess, waiting: ReimageOperation, dan: User, change: dict[str, bool], sentence: str
) -> None:
    azure.drift("web-02", **change)
    assert sentence in words(client_of(dan).get(f"/attention/{waiting.pk}/"))


def test_an_azure_that_does_not_answer_does_not_take_the_page_away(
    azure: SandboxProcess, waiting: ReimageOperation, dan: User
) -> None:
    azure.faults("status", match={"verb": "GET", "vm": "web-02"}, status=503)
    page = client_of(dan).get(f"/attention/{waiting.pk}/")
    assert "Azure does not show the machine right now." in words(page)
    assert form_actions(page) == {f"/operations/{waiting.pk}/settle"}


def test_times_and_ids_are_there_for_a_look_at_azure(waiting: ReimageOperation, dan: User) -> None:
    page = client_of(dan).get(f"/attention/{waiting.pk}/")
    assert str(waiting.client_request_id) in words(page)
    assert waiting.plan["resource_id"] in words(page)


def test_an_auditor_reads_and_decides_nothing(waiting: ReimageOperation, carol: User) -> None:
    assert client_of(carol).get("/attention/").status_code == 200
    page = client_of(carol).get(f"/attention/{waiting.pk}/")
    assert form_actions(page) == set()
    assert "Only people with the app role Reimage.Administrator can settle it" in words(page)


def test_nobody_else_sees_it(waiting: ReimageOperation, alice: User, bob: User, eve: User) -> None:
    for person in (alice, bob, eve):
        for address in ("/attention/", f"/attention/{waiting.pk}/"):
            page = client_of(person).get(address)
            assert page.status_code == 403
            assert "Reimage.Administrator or Reimage.Auditor" in words(page)
        assert 'href="/attention/"' not in source(client_of(person).get("/"))


def test_a_settled_case_says_who_settled_it(azure: SandboxProcess, waiting: ReimageOperation, dan: User) -> None:
    fields = {"executed": "no", "comment": "Nothing in the log.", "confirmation": "WEB-02"}
    client_of(dan).post(f"/operations/{waiting.pk}/settle", fields)
    azure.clear()
    page = client_of(dan).get(f"/attention/{waiting.pk}/")
    assert "Dan Date already settled it at" in words(page)
    assert form_actions(page) == set()
    assert azure.ledger() == []
    assert client_of(dan).get("/attention/999999/").status_code == 404
