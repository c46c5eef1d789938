"""After an update that was taken back, rows hold words of the later version: pages show them, and execution goes on."""

from http import HTTPStatus

import pytest
from django.db import connection
from django.utils import timezone

from portal.identity.models import User
from reimage.domain.operation_states import OperationState as State
from reimage.models import ExecutionAlarm, ReimageOperation
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
# A later version has more kinds of alarm; what its migration allowed stays allowed after it is taken back.
CHECKS_OFF, CHECKS_ON = {
    "sqlite": ("PRAGMA ignore_check_constraints = ON", "PRAGMA ignore_check_constraints = OFF"),
    "postgresql": ("ALTER TABLE reimage_executionalarm DROP CONSTRAINT alarm_kind_is_known", ""),
}[connection.vendor]


def run_sql(statement: str) -> None:
    if statement:
        with connection.cursor() as cursor:
            cursor.execute(statement)


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
    run_sql(CHECKS_OFF)
    ExecutionAlarm.objects.create(kind="word_of_a_later_version", raised_at=timezone.now())
    run_sql(CHECKS_ON)
    alarms.watch_execution(now=timezone.now())
    page = client_of(dan).get("/execution/")
    assert page.status_code == HTTPStatus.OK
    assert SAID["en"] in words(page)
    assert client_of(alice).get(f"/requests/{draft(alice, 'web-04').pk}/review").status_code == HTTPStatus.OK
    assert advance(operation).crashes == 0
