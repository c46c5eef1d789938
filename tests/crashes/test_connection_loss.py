"""The database ends every session, between requests and in the midst of one, between steps and in the midst of one."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.db import close_old_connections, connection
from pytest_django.live_server_helper import LiveServer

from portal.identity.models import User
from reimage import selectors
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.services import execution, reimaging
from tests.cast import client_of
from tests.crashes.on_postgresql import end_sessions, only_on_postgresql
from tests.sandbox_process import SandboxProcess
from tests.stories import approved, posts, run

pytestmark = only_on_postgresql


@pytest.fixture
def page(transactional_db: None, alice: User, live_server: LiveServer) -> Iterator[Any]:
    """Alice's list of requests, from a server with connections of its own."""
    cookies = {name: morsel.value for name, morsel in client_of(alice).cookies.items()}
    with requests.Session() as browser:
        browser.trust_env = False
        yield lambda: browser.get(f"{live_server.url}/requests/", cookies=cookies, timeout=30)
    connection.close()


def test_a_page_after_the_loss_is_answered_as_if_nothing_had_happened(page: Any) -> None:
    assert page().status_code == 200
    assert end_sessions() >= 1
    assert page().status_code == 200


def test_a_page_in_the_midst_of_it_explains_itself_and_the_next_one_works(
    page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as moment:
        real = selectors.reimage_requests_visible_to
        moment.setattr(selectors, "reimage_requests_visible_to", lambda person: (end_sessions(), real(person))[1])
        response = page()
        assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
        assert "The database does not answer in time; nothing was changed." in response.text
    assert page().status_code == 200


def test_an_answer_that_meets_a_broken_connection_is_written_over_a_new_one(
    transactional_db: None, azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    reimage_request = approved(alice, bob, "web-01")
    operation = reimage_request.operations.get()
    submit = reimaging.submit_reimage

    def submit_while_the_database_fails_over(*args: Any, **options: Any) -> Any:
        outcome = submit(*args, **options)
        end_sessions()
        return outcome

    with monkeypatch.context() as moment:
        moment.setattr(reimaging, "submit_reimage", submit_while_the_database_fails_over)
        execution.advance_operation(operation.pk)
    close_old_connections()  # what Celery does before and after each task, in the task's own thread
    operation.refresh_from_db()
    assert operation.state == OperationState.IN_PROGRESS  # the answer was written over a new connection
    assert operation.operation_url
    assert run(reimage_request, azure).state == RequestState.COMPLETED
    assert len(posts(azure)) == 1
