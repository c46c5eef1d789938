"""A PostgreSQL that takes no writes for now, as during a failover: told and waited for like one that is away."""

from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection
from django.test import Client

from portal.identity.models import User
from reimage.domain.operation_states import OperationState as State
from reimage.models import ReimageRequest
from reimage.services import execution
from tests.cast import client_of
from tests.crashes.on_postgresql import only_on_postgresql, somebody_else
from tests.sandbox_process import SandboxProcess
from tests.stories import accepted_posts, advance_to, approved, draft, make_due

pytestmark = only_on_postgresql


def say(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def read_only(transactional_db: None) -> Iterator[None]:
    """From now on, whatever was begun before."""
    yield
    connection.close()


def test_no_session_begins_at_a_server_that_takes_no_writes(transactional_db: None) -> None:
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    with somebody_else() as other:
        other.autocommit = True
        other.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        try:
            connection.close()
            with pytest.raises(OperationalError, match="read-only"):
                connection.ensure_connection()
        finally:
            other.execute("SET default_transaction_read_only = off")
            other.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    connection.ensure_connection()


def test_a_page_tells_it_as_a_database_that_does_not_answer(
    read_only: None, azure: SandboxProcess, alice: User
) -> None:
    client: Client = client_of(alice)
    client.raise_request_exception = False  # a middleware may be the first to meet it
    asked = draft(alice, "web-02")
    page = f"/requests/{asked.pk}/review"
    form = {"confirmation": "web-02", "accepts_disk_deletion": "on"}
    say("SET default_transaction_read_only = on")
    response = client.post(page, form)
    assert (response.status_code, response["Retry-After"]) == (503, "30")
    say("SET default_transaction_read_only = off")
    assert client.post(page, form).status_code == 302
    assert ReimageRequest.objects.get().state == "pending_approval"


@pytest.mark.parametrize("state", [State.QUEUED, State.IN_PROGRESS])
def test_a_step_waits_for_it_and_is_no_mistake_of_ours(
    read_only: None, azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    operation = advance_to(approved(alice, bob, "web-02").operations.get(), state)
    make_due(operation)
    claim = execution.leases.claim

    def claim_before_the_failover(pk: int) -> object:
        held = claim(pk)
        say("SET default_transaction_read_only = on")
        return held

    monkeypatch.setattr(execution.leases, "claim", claim_before_the_failover)
    execution.advance_operation(operation.pk)
    say("SET default_transaction_read_only = off")
    operation.refresh_from_db()
    assert (operation.state, operation.crashes, operation.note) == (state, 0, {})
    assert len(accepted_posts(azure)) == (0 if state == State.QUEUED else 1)
