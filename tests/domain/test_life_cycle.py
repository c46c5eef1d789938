from enum import StrEnum

import pytest

from reimage.domain.life_cycle import LifeCycle, LifeCycleError


class Light(StrEnum):
    OFF = "off"
    ON = "on"
    BROKEN = "broken"


SOUND = {Light.OFF: (Light.ON,), Light.ON: (Light.OFF, Light.BROKEN), Light.BROKEN: ()}


def declare(table, terminal=frozenset({Light.BROKEN}), initial=Light.OFF):
    return LifeCycle(Light, initial=initial, terminal=terminal, table=table)


def test_it_allows_what_the_table_says_and_nothing_else():
    cycle = declare(SOUND)
    pairs = {(source, target) for source in Light for target in Light if cycle.allowed(source, target)}
    assert pairs == {(Light.OFF, Light.ON), (Light.ON, Light.OFF), (Light.ON, Light.BROKEN)}
    assert cycle.sources(Light.OFF) == {Light.ON}


def test_it_draws_itself():
    assert declare(SOUND).mermaid() == (
        "stateDiagram-v2\n    [*] --> off\n    off --> on\n    on --> off\n    on --> broken\n    broken --> [*]\n"
    )


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ({Light.OFF: (Light.ON,), Light.ON: (Light.OFF,)}, "not in the table: broken"),
        (SOUND | {Light.ON: (Light.BROKEN, "exploded")}, "not a state: exploded"),
        (SOUND | {Light.ON: ()}, "without a way on: on"),
        (SOUND | {Light.BROKEN: (Light.ON,)}, "terminal, but goes on: broken"),
        (SOUND | {Light.ON: (Light.ON, Light.BROKEN)}, "going to itself or twice to one state: on"),
        (SOUND | {Light.ON: (Light.BROKEN, Light.BROKEN)}, "going to itself or twice to one state: on"),
        (SOUND | {Light.ON: (Light.OFF,)}, "out of reach: broken"),
    ],
)
def test_it_refuses_a_table_that_contradicts_itself(table, fault):
    with pytest.raises(LifeCycleError, match=fault):
        declare(table)


def test_it_refuses_ends_and_beginnings_that_are_no_states():
    with pytest.raises(LifeCycleError, match="not a state: exploded"):
        declare(SOUND, terminal=frozenset({Light.BROKEN, "exploded"}))
    with pytest.raises(LifeCycleError, match="not a state: dark"):
        declare(SOUND, initial="dark")
