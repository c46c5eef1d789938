"""After an update that was taken back, rows hold words of the later version: pages show them, and execution goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import pytest
from django.db import connection, models
from django.utils import timezone

from portal.identity.models import User
from reimage.domain.operation_states import OperationState as State
from reimage.models import ExecutionAlarm, ReimageOperation, ReimageRequest
from reimage.services import alarms
from tests.cast import client_of
from tests.pages.reading import words
from tests.sandbox_process import SandboxProcess
from tests.stories import advance, advance_to, approved, draft

LATER = {"code": "word_of_a_later_version", "params": {"count": 3}}
SAID = {
    "en": "Something that this version of the portal does not know: word_of_a_later_version",
    "ja": "このバージョンのポータルが知らないものです: word_of_a_later_version",
}


@contextmanager
def as_its_migration_allowed(table: str, constraint: str) -> Iterator[None]:
    """A later version has more states and kinds of alarm; what it stored stays after it is taken back."""
    before, after = {
        "sqlite": ("PRAGMA ignore_check_constraints = ON", "PRAGMA ignore_check_constraints = OFF"),
        "postgresql": (f"SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE {table} DROP CONSTRAINT {constraint}", "SELECT 1"),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(before)
        yield
        cursor.execute(after)


@pytest.fixture
def operation(azure: SandboxProcess, alice: User, bob: User) -> ReimageOperation:
    azure.faults("reset_before", match={"verb": "POST", "path_contains": "/reimage"})
    return advance_to(approved(alice, bob, "web-02").operations.get(), State.OUTCOME_UNKNOWN)


def pages_of(operation: ReimageOperation) -> list[str]:
    request = f"/requests/{operation.reimage_request_id}/"
    return [request, f"{request}progress", f"{request}operations/{operation.pk}/", "/requests/", "/attention/"]


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("column", ["note", "findings"])
def test_a_note_or_finding_is_shown_by_its_code(
    operation: ReimageOperation, alice: User, dan: User, column: str, language: str
) -> None:
    User.objects.update(language=language)
    stored = {column: LATER if column == "note" else [LATER]}
    ReimageOperation.objects.filter(pk=operation.pk).update(state=State.NEEDS_ATTENTION, next_at=None, **stored)
    for person in (alice, dan):
        client = client_of(person)
        answers = {page: client.get(page) for page in pages_of(operation)}
        shown = {page: answer.status_code for page, answer in answers.items()}
        if person == alice:
            del shown["/attention/"]
        assert set(shown.values()) <= {HTTPStatus.OK, HTTPStatus.NO_CONTENT}, shown
        assert SAID[language] in words(answers[pages_of(operation)[0]])


def test_an_alarm_is_shown_by_its_code_and_keeps_nobody_from_anything(
    operation: ReimageOperation, alice: User, dan: User
) -> None:
    with as_its_migration_allowed("reimage_executionalarm", "alarm_kind_is_known"):
        ExecutionAlarm.objects.create(kind="word_of_a_later_version", raised_at=timezone.now())
    alarms.watch_execution(now=timezone.now())
    page = client_of(dan).get("/execution/")
    assert page.status_code == HTTPStatus.OK
    assert SAID["en"] in words(page)
    assert client_of(alice).get(f"/requests/{draft(alice, 'web-04').pk}/review").status_code == HTTPStatus.OK
    assert advance(operation).crashes == 0


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize(
    ("model", "constraint"),
    [(ReimageOperation, "operation_state_is_known"), (ReimageRequest, "request_state_is_known")],
)
def test_a_state_is_shown_by_its_code(
    operation: ReimageOperation, alice: User, dan: User, model: type[models.Model], constraint: str, language: str
) -> None:
    User.objects.update(language=language)
    with as_its_migration_allowed(model._meta.db_table, constraint):
        model._default_manager.update(state="word_of_a_later_version")
    machine = f"/machines/{operation.virtual_machine_id}/"
    for person in (alice, dan):
        client = client_of(person)
        answers = [client.get(page) for page in [*pages_of(operation)[:-1], machine, "/"]]
        assert {answer.status_code for answer in answers} == {HTTPStatus.OK}
        assert SAID[language] in words(answers[0])


def test_another_machine_of_the_request_goes_on_and_the_request_does_not_end(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    reimage_request = approved(alice, bob, "web-02", "web-04")
    first, later = reimage_request.operations.all()
    with as_its_migration_allowed("reimage_reimageoperation", "operation_state_is_known"):
        ReimageOperation.objects.filter(pk=later.pk).update(state="word_of_a_later_version")
    advance_to(first, State.IN_PROGRESS)
    azure.advance_clock(100)
    assert advance_to(first, State.SUCCEEDED).crashes == 0
    reimage_request.refresh_from_db()
    assert reimage_request.state == "executing"
