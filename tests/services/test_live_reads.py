"""A page waits for Azure for a bounded time, and only so many pages wait at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from portal.errors import Unavailable
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.models import ReimageRequest, VirtualMachine
from reimage.services import live_reads
from reimage.services.evidence import observe
from reimage.services.images import offered_versions
from reimage.services.targets import machine_page_facts
from tests.cast import client_of
from tests.pages.reading import words
from tests.sandbox_process import SandboxProcess
from tests.stories import advance, approved, draft

PATIENCE = 30  # seconds, for what comes at once


@pytest.fixture
def silent_azure(azure: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Resource Manager takes connections and says nothing for longer than anybody waits; Entra ID answers as ever."""
    machine_page_facts(VirtualMachine.objects.get(name="web-02"))  # the token is here
    for path in ("/virtualMachines/", "/publishers/"):
        azure.faults("slow", match={"verb": "GET", "path_contains": path}, seconds=5, times=9)
    monkeypatch.setattr(live_reads, "PAGE_SECONDS", 0.5)
    monkeypatch.setattr(live_reads, "DEED_SECONDS", 0.5)


def test_a_machines_page_shows_the_inventory_and_says_that_azure_is_silent(silent_azure: None, alice: User) -> None:
    machine = VirtualMachine.objects.get(name="web-02")
    page = words(client_of(alice).get(f"/machines/{machine.pk}/"))
    assert "Azure does not answer right now" in page
    assert "what the inventory saw last" in page
    assert "Seen by the inventory" in page


def test_a_draft_is_not_made_and_nothing_is_kept_waiting(silent_azure: None, alice: User) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        draft(alice, "web-01", "web-02", "web-03")
    assert not ReimageRequest.objects.exists()


def test_the_connection_itself_is_given_up(silent_azure: None, alice: User) -> None:
    machine_page_facts(VirtualMachine.objects.get(name="web-02"))
    readers = live_reads._readers()
    every = live_reads.PAGES_AT_ONCE * live_reads.PARALLEL_READS
    waited = [readers.submit(lambda: None) for _ in range(every)]
    for reader in waited:  # nobody is stuck: each is free again once its connection's own limit has passed
        reader.result(timeout=PATIENCE)


@pytest.mark.parametrize(("silent", "trace"), [("/virtualMachines/", ""), ("eventtypes", "unreadable")])
def test_what_needs_attention_is_laid_out_without_what_azure_does_not_tell(
    azure: SandboxProcess, alice: User, bob: User, dan: User, monkeypatch: pytest.MonkeyPatch, silent: str, trace: str
) -> None:
    azure.faults("foreign_operation_host", match={"verb": "POST", "path_contains": "/reimage"})
    operation = advance(approved(alice, bob, "web-02").operations.get())
    assert operation.state == OperationState.NEEDS_ATTENTION
    azure.faults("slow", match={"verb": "GET", "path_contains": silent}, seconds=5, times=9)
    monkeypatch.setattr(live_reads, "PAGE_SECONDS", 0.5)
    seen = observe(operation)
    assert (seen.facts is None, seen.trace) == (not trace, trace)
    assert client_of(dan).get(f"/attention/{operation.pk}/").status_code == 200


def test_versions_are_none_then(silent_azure: None) -> None:
    assert offered_versions(VirtualMachine.objects.get(name="web-02")) == []


def test_an_answer_that_drips_is_not_waited_for() -> None:
    hold = Event()
    try:
        with pytest.raises(TimeoutError):
            live_reads.ask(lambda _: hold.wait(PATIENCE), [1], seconds=0.05)
    finally:
        hold.set()


def test_what_was_not_begun_when_time_was_up_is_never_asked() -> None:
    hold, asked = Event(), []
    many = live_reads.PAGES_AT_ONCE * live_reads.PARALLEL_READS

    def question(number: int) -> bool:
        asked.append(number)
        return hold.wait(PATIENCE)

    try:
        with pytest.raises(TimeoutError):
            live_reads.ask(question, range(many + 5), seconds=0.2)
    finally:
        hold.set()
    live_reads.ask(lambda _: None, range(many), seconds=PATIENCE)
    assert set(asked) <= set(range(many))


def test_only_so_many_pages_wait_at_once_and_their_turn_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_reads, "TURN_SECONDS", 0.05)
    hold, asking = Event(), [Event() for _ in range(live_reads.PAGES_AT_ONCE)]

    def question(begun: Event) -> bool:
        begun.set()
        return hold.wait(PATIENCE)

    with ThreadPoolExecutor(live_reads.PAGES_AT_ONCE) as pages:
        waiting = [pages.submit(live_reads.ask, question, [begun], seconds=PATIENCE) for begun in asking]
        try:
            assert all(begun.wait(PATIENCE) for begun in asking)
            with pytest.raises(TimeoutError):
                live_reads.ask(lambda _: True, [1])
        finally:
            hold.set()
        assert [page.result(timeout=PATIENCE) for page in waiting] == [[True]] * live_reads.PAGES_AT_ONCE
    assert live_reads.ask(lambda number: number * 2, [1, 2, 3]) == [2, 4, 6]
