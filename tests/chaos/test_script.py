"""A seed tells one story: the same wishes and the same harm, whatever machine it runs on."""

import pytest

from tests.chaos.scale import FULL, PAUSE_SECONDS, QUICK, Scale
from tests.chaos.script import DRIFTS, Fate, script_of
from tests.chaos.timeline import azure_faults_of, timeline_of


@pytest.mark.parametrize("size", [QUICK, FULL])
def test_the_same_seed_tells_the_same_story(size: Scale) -> None:
    assert script_of(7, size) == script_of(7, size) != script_of(8, size)
    assert timeline_of(7, size) == timeline_of(7, size) != timeline_of(8, size)
    assert azure_faults_of(7) == azure_faults_of(7) != azure_faults_of(8)


@pytest.mark.parametrize("size", [QUICK, FULL])
def test_it_asks_for_as_many_operations_as_it_should_and_every_fate_occurs(size: Scale) -> None:
    wishes = script_of(7, size)
    assert sum(len(wish.machines) for wish in wishes) == size.operations
    assert {wish.fate for wish in wishes} == set(Fate)
    assert {wish.drift % len(DRIFTS) for wish in wishes if wish.fate is Fate.DRIFTED} == set(range(len(DRIFTS)))


@pytest.mark.parametrize("size", [QUICK, FULL])
def test_machines_with_a_special_fate_are_asked_for_once(size: Scale) -> None:
    wishes = script_of(7, size)
    special = [wish.machines[0] for wish in wishes if wish.fate is not Fate.RUN]
    common = [machine for wish in wishes if wish.fate is Fate.RUN for machine in wish.machines]
    assert len(set(special)) == len(special)
    assert not set(special) & set(common)
    assert all(len(set(wish.machines)) == len(wish.machines) for wish in wishes)


def test_a_worker_is_killed_about_every_two_seconds() -> None:
    kills = [harm for harm in timeline_of(7, FULL) if harm.kind == "kill_worker"]
    assert len(kills) == pytest.approx(FULL.mischief_seconds / 2, rel=0.15)
    assert {harm.who for harm in kills} == {0, 1, 2}


def test_a_paused_worker_comes_back_after_its_lease() -> None:
    harm = timeline_of(7, FULL)
    pauses = [h for h in harm if h.kind == "pause_worker"]
    resumes = [h for h in harm if h.kind == "resume_worker"]
    assert len(pauses) == FULL.pauses
    assert [r.at - p.at for p, r in zip(pauses, resumes, strict=True)] == pytest.approx([PAUSE_SECONDS] * len(pauses))
