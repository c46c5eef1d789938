"""manage.py operations: what has not ended, for a terminal."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.models import ReimageOperation
from tests.pages.rows import reimage_request, virtual_machine


def said(*arguments: str) -> list[str]:
    output = StringIO()
    call_command("operations", *arguments, stdout=output)
    return output.getvalue().splitlines()


@pytest.fixture
def operations(alice: User) -> list[ReimageOperation]:
    made = reimage_request(alice, virtual_machine("web-01"), virtual_machine("web-02"), virtual_machine("web-03"))
    stuck, ended, _ = made.operations.all()
    note = {"code": "no_evidence", "params": {}}
    ReimageOperation.objects.filter(pk=stuck.pk).update(state=OperationState.NEEDS_ATTENTION, note=note)
    ReimageOperation.objects.filter(pk=ended.pk).update(state=OperationState.FAILED)
    return list(made.operations.all())


def test_it_lists_what_has_not_ended_with_what_finds_it(operations: list[ReimageOperation]) -> None:
    stuck = operations[0]
    lines = said()
    assert lines[-1] == "2 operations"
    assert f"#{stuck.reimage_request_id}/{stuck.pk} web-01 needs_attention due=- no_evidence -" in lines
    assert not any("web-02" in line for line in lines)


def test_it_is_narrowed_by_a_state_that_there_is(operations: list[ReimageOperation]) -> None:
    assert said("--state", "queued") == ["0 operations"]
    with pytest.raises(CommandError, match="invalid choice"):
        said("--state", "nonsense")


def test_a_hostile_name_cannot_forge_a_line(operations: list[ReimageOperation]) -> None:
    ReimageOperation.objects.filter(pk=operations[0].pk).update(name="web\n0 operations\x1b[2J")
    assert len(said("--state", "needs_attention")) == 2
    assert "\x1b" not in said("--state", "needs_attention")[0]
