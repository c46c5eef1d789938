"""The instrument sees every commit and send there is, and what it finds is not always nothing."""

from datetime import timedelta

import pytest
from django.db import connection, transaction

from portal.audit import services
from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.models import ReimageOperation
from reimage.services import execution, refusals, reimaging
from reimage.services.leases import Claim, commit
from tests.crashes.campaign import Campaign
from tests.crashes.failpoints import Failpoints, WorkerDied, at_label, at_number
from tests.crashes.scripts import POST, Script, faults
from tests.sandbox_process import SandboxProcess
from tests.stories import approved


@pytest.fixture
def campaign(azure: SandboxProcess, alice: User, bob: User) -> Campaign:
    return Campaign(approved(alice, bob, "web-01").operations.get(), azure)


def test_no_send_escapes_it(campaign: Campaign) -> None:
    """Azure counts what came in."""
    outcome = campaign.run()
    points = [point.split() for point in outcome.reached[0]]
    sent = [what for when, what, *_ in points if when == "after" and what.isupper()]
    assert sent == [entry["method"] for entry in outcome.ledger]
    assert sent.count("POST") == 2  # for a token, and the one


def test_no_commit_escapes_it(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every claim and every event of the log is of a commit that was seen; so is the plain UPDATE of a claim."""
    events = AuditEvent.objects.count()
    recorded = []
    real = services.insert
    monkeypatch.setattr(services, "insert", lambda *columns: recorded.append(real(*columns)) or recorded[-1])
    points = campaign.run().reached[0]
    assert AuditEvent.objects.count() == events  # each run is undone
    commits = [point for point in points if point.startswith("after commit")]
    claims = [point for point in points if point.startswith("after update by leases.claim")]
    assert len(recorded) >= 5
    assert len(commits) >= len(recorded) - 1  # the last commit ends the request with its operation
    assert len(claims) == 4
    assert [point.replace("before", "after") for point in points[::2]] == points[1::2]


def test_a_second_post_does_not_escape_it(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: a recovery that sends again, as a task queue does, is found wherever it matters."""

    def send_again(held: Claim) -> None:
        commit(held, OperationState.QUEUED)

    assert execution.STEPS[OperationState.SUBMITTING] is reimaging.recover
    monkeypatch.setattr(execution, "STEPS", {**execution.STEPS, OperationState.SUBMITTING: send_again})
    points = campaign.run().reached[0]
    sent, written = (
        points.index("after POST reimage by reimaging.submit"),
        points.index("after commit by reimaging._accepted"),
    )
    for number in range(sent, written):
        broken = campaign.run(at_number(number)).broken
        assert "2 POSTs were sent, 2 accepted" in broken


def test_a_post_after_a_hidden_acceptance_does_not_escape_it(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for the way to a second POST: an ephemeral machine, whose refusal was taken at its word too early."""
    hidden = faults({"fault": "accepted_then_status", "match": POST, "status": 409})
    script = Script(machine="web-01", posts=2, faults=hidden, looks_after=timedelta(seconds=50))
    campaign = Campaign(script.approved(alice, bob), azure, script)
    assert campaign.run().broken == []
    monkeypatch.setattr(refusals, "is_borne_out", lambda *_, **__: True)
    assert "a POST was sent after one that Azure answered with 409, accepted: True" in campaign.run().broken


def test_before_a_commit_nothing_is_kept_and_after_it_all(campaign: Campaign) -> None:
    operations = ReimageOperation.objects.filter(pk=campaign.operation.pk)

    @transaction.atomic
    def write_twice_in_one_transaction() -> None:
        operations.update(attempt=7)
        with transaction.atomic():
            operations.update(attempt=7)

    for when, kept in (("before", 0), ("after", 7)):
        points = Failpoints(at_label(f"{when} commit by ?"))
        with pytest.raises(WorkerDied), points.watching():
            write_twice_in_one_transaction()
        assert operations.get().attempt == kept
    assert not connection.needs_rollback


def test_a_write_outside_of_a_transaction_is_a_commit(campaign: Campaign) -> None:
    operations = ReimageOperation.objects.filter(pk=campaign.operation.pk)
    for when, kept in (("before", 0), ("after", 7)):
        with pytest.raises(WorkerDied), Failpoints(at_label(f"{when} update by ?")).watching():
            operations.update(attempt=7)
        assert operations.get().attempt == kept


def test_outside_of_its_block_nothing_is_watched(campaign: Campaign) -> None:
    points = Failpoints(at_number(0))
    with points.watching():
        pass
    with transaction.atomic():
        ReimageOperation.objects.update(attempt=1)
    assert points.reached == []
