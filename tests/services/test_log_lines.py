"""Each line about a step carries the ids by which it is found, here and at Azure, and no secret."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.models import ReimageOperation
from reimage.services import reimaging
from tests.sandbox_process import SandboxProcess
from tests.stories import advance, approved

SECRET = "Correct-Horse-7"


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """Everything that is logged at any level, with what is bound to it."""
    capture = structlog.testing.LogCapture()
    configured = structlog.get_config()
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, capture],
        wrapper_class=structlog.make_filtering_bound_logger("debug"),
    )
    yield capture.entries
    structlog.configure(**configured)


@pytest.fixture
def operation(azure: SandboxProcess, alice: User, bob: User) -> ReimageOperation:
    parameters = ReimageParameters(admin_password=SECRET)
    return approved(alice, bob, "web-02", parameters=parameters).operations.get()


@pytest.mark.asvs("V16.3.4")
def test_each_line_of_a_step_has_the_ids(operation: ReimageOperation, lines: list[dict[str, Any]]) -> None:
    advance(operation)
    assert [line["event"] for line in lines if line["event"].startswith(("operation", "reimage"))] == [
        "operation.step",
        "reimage.sending",
        "reimage.answered",
        "operation.stepped",
    ]
    for line in lines:
        assert line["reimage_request"] == operation.reimage_request_id
        assert line["operation"] == operation.pk
        assert line["vm"] == operation.plan["resource_id"]
    assert {line["client_request_id"] for line in lines[1:]} == {str(operation.client_request_id)}
    assert lines[-1]["state"] == OperationState.IN_PROGRESS


def test_polls_carry_the_id_of_the_post(operation: ReimageOperation, lines: list[dict[str, Any]]) -> None:
    advance(operation)
    lines.clear()
    advance(operation)
    assert {line["client_request_id"] for line in lines} == {str(operation.client_request_id)}


def test_the_last_line_tells_the_note_as_it_is_now(
    operation: ReimageOperation, azure: SandboxProcess, lines: list[dict[str, Any]]
) -> None:
    advance(operation)
    azure.faults("status", match={"verb": "GET", "path_contains": "/operations/"}, status=503)
    for note, status in (("azure_unavailable", 503), (None, None)):
        lines.clear()
        advance(operation)
        assert (lines[-1]["event"], lines[-1]["note"]) == ("operation.stepped", note)
        assert lines[-1].get("azure_status") == status


@pytest.mark.asvs("V16.2.5", "V16.3.4")
def test_a_crash_carries_them_too_and_no_secret(
    operation: ReimageOperation, lines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(reimaging, "submit_reimage", crash)
    advance(operation)
    crashed = next(line for line in lines if line["event"] == "operation.crashed")
    assert crashed["client_request_id"] == str(operation.client_request_id)
    assert SECRET not in json.dumps(lines, default=str)


def test_nothing_is_left_bound_for_the_next_step(operation: ReimageOperation) -> None:
    advance(operation)
    assert structlog.contextvars.get_contextvars() == {}


def test_no_line_of_a_whole_attempt_holds_the_secret(
    operation: ReimageOperation, azure: SandboxProcess, lines: list[dict[str, Any]]
) -> None:
    azure.faults("status", match={"verb": "POST", "vm": "web-02"}, status=409, code="Conflict", message=SECRET, times=1)
    for _ in range(3):
        advance(operation)
    assert SECRET not in json.dumps(lines, default=str)
