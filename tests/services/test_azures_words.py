"""Azure's words may hold anything: what cannot be stored is replaced, and no step ever fails over it."""

import pytest

from portal.identity.models import User
from reimage.azure.calls import Refused
from reimage.azure.errors import AzureUnavailable
from reimage.azure.operations import Poll, PollStatus
from reimage.domain.operation_states import OperationState
from reimage.services import following, preflight, reimaging
from tests.sandbox_process import SandboxProcess
from tests.stories import advance, advance_to, approved

WORDS = [("no \x00 here", "no \ufffd here"), ("half a pair \ud800", "half a pair \ufffd"), ("e\u0301", "\u00e9")]


@pytest.mark.parametrize(("said", "stored"), WORDS, ids=["nul", "surrogate", "not-nfc"])
def test_the_words_of_a_refusal_are_stored(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch, said: str, stored: str
) -> None:
    operation = approved(alice, bob, "web-02").operations.get()
    monkeypatch.setattr(reimaging, "submit_reimage", lambda *_, **__: Refused(400, "BadRequest", said))
    advance(operation)
    assert (operation.state, operation.crashes) == (OperationState.FAILED, 0)
    assert operation.note["params"]["message"] == stored


@pytest.mark.parametrize(("said", "stored"), WORDS, ids=["nul", "surrogate", "not-nfc"])
def test_the_words_of_a_failed_operation_are_stored(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch, said: str, stored: str
) -> None:
    operation = advance_to(approved(alice, bob, "web-02").operations.get(), OperationState.IN_PROGRESS)
    monkeypatch.setattr(following, "poll_operation", lambda *_: Poll(PollStatus.FAILED, "Error", said))
    advance(operation)
    assert (operation.state, operation.crashes) == (OperationState.FAILED, 0)
    assert operation.note["params"]["message"] == stored


@pytest.mark.parametrize(("said", "stored"), WORDS, ids=["nul", "surrogate", "not-nfc"])
def test_the_words_that_a_wait_notes_are_stored(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch, said: str, stored: str
) -> None:
    operation = advance_to(approved(alice, bob, "web-02").operations.get(), OperationState.IN_PROGRESS)
    monkeypatch.setattr(following, "poll_operation", lambda *_: Poll(PollStatus.NO_ANSWER, said))
    advance(operation)
    assert (operation.state, operation.crashes) == (OperationState.IN_PROGRESS, 0)
    assert operation.note["params"]["azure_code"] == stored


def test_the_code_of_a_read_that_failed_is_stored(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AzureUnavailable("", code="no \x00 here")

    operation = approved(alice, bob, "web-02").operations.get()
    monkeypatch.setattr(preflight, "read_virtual_machine", fail)
    advance(operation)
    assert (operation.state, operation.crashes) == (OperationState.PREFLIGHT, 0)
    assert operation.note["params"]["azure_code"] == "no \ufffd here"
