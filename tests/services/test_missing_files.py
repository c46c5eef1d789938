"""A file that Azure is spoken to with is gone for a while: everything waits, nothing fails, and nothing is unclear."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from portal.identity.models import User
from reimage.domain.operation_states import OperationState as State
from reimage.domain.request_states import RequestState
from reimage.models import ReimageOperation
from reimage.services import reimaging
from tests.azure_fixtures import forget_clients
from tests.cast import client_of
from tests.sandbox_process import SandboxProcess
from tests.stories import accepted_posts, advance, advance_to, approved, posts, run


@pytest.fixture
def bundle(azure: SandboxProcess, settings: Settings, tmp_path: Path) -> Path:
    """AZURE_CA_BUNDLE, as a file that may go."""
    file = tmp_path / "ca.pem"
    shutil.copy(settings.AZURE_CA_BUNDLE, file)
    settings.AZURE_CA_BUNDLE = str(file)
    forget_clients()
    return file


@pytest.fixture
def operation(bundle: Path, alice: User, bob: User) -> ReimageOperation:
    return approved(alice, bob, "web-02").operations.get()


def note_of(operation: ReimageOperation) -> tuple[str, str, int]:
    return operation.state, operation.note["code"], operation.crashes


@pytest.mark.parametrize("state", [State.QUEUED, State.IN_PROGRESS])
def test_without_its_authorities_the_portal_waits_wherever_it_is(
    operation: ReimageOperation, azure: SandboxProcess, bundle: Path, state: State, dan: User
) -> None:
    if state != State.QUEUED:
        advance_to(operation, state)
    away = bundle.rename(bundle.with_name("away"))
    for _ in range(3):
        advance(operation)
    waits_in = State.PREFLIGHT if state == State.QUEUED else state
    assert note_of(operation) == (waits_in, "azure_unavailable", 0)
    page = client_of(dan).get(f"/machines/{operation.virtual_machine_id}/")
    assert page.status_code == 200
    away.rename(bundle)
    assert run(operation.reimage_request, azure).state == RequestState.COMPLETED
    assert len(accepted_posts(azure)) == 1


def test_if_they_go_right_before_the_post_nothing_leaves_and_that_is_known(
    operation: ReimageOperation, azure: SandboxProcess, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = reimaging.submit_reimage

    def without(*arguments: Any, **options: Any) -> Any:
        bundle.rename(bundle.with_name("away"))
        try:
            return submit(*arguments, **options)
        finally:
            bundle.with_name("away").rename(bundle)

    with monkeypatch.context() as moment:
        moment.setattr(reimaging, "submit_reimage", without)
        advance(operation)
    assert note_of(operation) == (State.QUEUED, "not_sent", 0)
    assert posts(azure) == []
    assert run(operation.reimage_request, azure).state == RequestState.COMPLETED
    assert len(accepted_posts(azure)) == 1


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_certificate_that_is_gone_or_damaged_is_waited_for(
    operation: ReimageOperation, azure: SandboxProcess, settings: Settings, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "identity.pem"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    kept = settings.AZURE_CREDENTIAL
    settings.AZURE_CREDENTIAL, settings.AZURE_CLIENT_CERTIFICATE_FILE = "client-certificate", str(file)
    forget_clients()
    for _ in range(3):
        advance(operation)
    assert note_of(operation) == (State.PREFLIGHT, "azure_unavailable", 0)
    settings.AZURE_CREDENTIAL = kept
    forget_clients()
    assert run(operation.reimage_request, azure).state == RequestState.COMPLETED
