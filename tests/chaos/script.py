"""What the people of a campaign are going to do, by seed: pure, so that a seed tells the same story everywhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from tests.chaos.scale import Scale

# Changes between approval and run, each of which must stop the reimage.
DRIFTS: tuple[dict[str, object], ...] = (
    {"replace_os_disk": True},
    {"recreate": True},
    {"delete": True},
    {"move_to": "rg-elsewhere"},
)


class Fate(StrEnum):
    """What is done to a request. Only RUN and CONTESTED may ever lead to a POST."""

    RUN = "run"
    CONTESTED = "contested"  # two people ask for the same machine at once, and one of them wins
    REJECTED = "rejected"
    CANCELED = "canceled"
    WITHDRAWN = "withdrawn"  # canceled after it was approved
    UNDECIDED = "undecided"  # the requester tries to approve it; nobody else does, and it expires
    LAPSED = "lapsed"  # approved, but its term ends before it runs
    DRIFTED = "drifted"
    APPROVER_REVOKED = "approver_revoked"
    REQUESTER_REVOKED = "requester_revoked"


MAY_RUN = frozenset({Fate.RUN, Fate.CONTESTED})
# Of a hundred operations; the rest run. Each but RUN has machines of its own, so that nothing else happens to them.
SHARES = {
    Fate.CONTESTED: 6,
    Fate.REJECTED: 3,
    Fate.CANCELED: 3,
    Fate.WITHDRAWN: 3,
    Fate.UNDECIDED: 3,
    Fate.LAPSED: 3,
    Fate.DRIFTED: 7,
    Fate.APPROVER_REVOKED: 3,
    Fate.REQUESTER_REVOKED: 3,
}


@dataclass(frozen=True)
class Wish:
    """One request that somebody is going to make. Machines are numbers, to be counted through the inventory."""

    number: int
    fate: Fate
    machines: tuple[int, ...]
    with_secret: bool = False
    flips_delete_option: bool = False
    drift: int = 0


def script_of(seed: int, scale: Scale) -> list[Wish]:
    """The wishes in the order in which they are made; together they ask for `scale.operations` machines."""
    dice = Random(f"script {seed}")
    machines = list(range(scale.vms))
    dice.shuffle(machines)
    special = [fate for fate, share in SHARES.items() for _ in range(max(1, scale.operations * share // 100))]
    reserved, free = machines[: len(special)], machines[len(special) :]
    wishes = [
        Wish(0, fate, (machine,), drift=count, with_secret=dice.random() < 0.3)
        for count, (fate, machine) in enumerate(zip(special, reserved, strict=True))
    ]
    wishes += _runs(dice, free, scale.operations - len(special))
    dice.shuffle(wishes)
    return [Wish(**{**wish.__dict__, "number": number}) for number, wish in enumerate(wishes)]


def _runs(dice: Random, free: list[int], count: int) -> Iterator[Wish]:
    """Requests for one to four machines; once every machine was asked for, they come round again."""
    queue: list[int] = []
    while count > 0:
        size = min(count, dice.choice((1, 1, 1, 2, 3, 4)))
        if len(queue) < size:
            again = [machine for machine in free if machine not in queue]
            dice.shuffle(again)
            queue += again
        chosen, queue = tuple(queue[:size]), queue[size:]
        alone = size == 1
        secret, flips = alone and dice.random() < 0.4, alone and dice.random() < 0.3
        yield Wish(0, Fate.RUN, chosen, with_secret=secret, flips_delete_option=flips)
        count -= size
