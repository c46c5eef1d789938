"""When which harm is done, by seed: pure. And the faults that Azure shows meanwhile."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tests.chaos.scale import PAUSE_SECONDS, WORKERS, Scale

# Kinds of harm: (mean seconds between two, kind). What holds a lease dies most often.
RHYTHMS = (
    (2.0, "kill_worker"),
    (7.0, "flush_broker"),
    (17.0, "kill_broker"),
    (5.0, "cut_database"),
    (16.0, "kill_web"),
    (11.0, "kill_beat"),
)
# Azure's faults: for each kind of call, rates per kind of fault. "slow:17" outlasts the portal's 15 seconds.
REIMAGE_FAULTS = {
    "status:429": 0.03,
    "status:409": 0.03,
    "status:500": 0.02,
    "status:503": 0.02,
    "accepted_then_lost": 0.05,
    "accepted_then_status:503": 0.03,
    "accepted_then_status:502": 0.02,
    "accepted_then_status:409": 0.02,
    "accepted_then_status:429": 0.02,
    "reset_before": 0.03,
    "slow:2.5": 0.2,
    "slow:17": 0.01,
    "no_operation_headers": 0.03,
    "foreign_operation_host": 0.01,
    "operation_failed": 0.03,
    "operation_gone": 0.03,
}
UPDATE_FAULTS = {
    "status:409": 0.05,
    "status:429": 0.03,
    "status:500": 0.05,
    "accepted_then_lost": 0.1,
    "accepted_then_status:409": 0.03,
    "accepted_then_status:429": 0.03,
    "reset_before": 0.05,
    "slow:2": 0.1,
}
READ_FAULTS = {"status:429": 0.02, "status:500": 0.02, "reset_before": 0.02, "slow:1.5": 0.08}
POLL_FAULTS = {"status:429": 0.02, "status:503": 0.04, "reset_before": 0.03, "operation_gone": 0.02, "slow:1.5": 0.1}
TOKEN_FAULTS = {"status:503": 0.05, "reset_before": 0.05}


@dataclass(frozen=True, order=True)
class Harm:
    """`at` is in seconds since the mischief began; `who` is the number of a worker group, where it matters."""

    at: float
    kind: str
    who: int = 0


def timeline_of(seed: int, scale: Scale) -> list[Harm]:
    """All harm of a campaign, in order."""
    return sorted([*_rhythmic(seed, scale.mischief_seconds), *_pauses(seed, scale)])


def _rhythmic(seed: int, seconds: float) -> Iterator[Harm]:
    for mean, kind in RHYTHMS:
        dice = Random(f"{kind} {seed}")
        at = mean * dice.uniform(0.5, 1.2)
        while at < seconds:
            yield Harm(at, kind, dice.randrange(WORKERS))
            at += mean * dice.uniform(0.75, 1.25)


def _pauses(seed: int, scale: Scale) -> Iterator[Harm]:
    """One worker group at a time stands still for longer than its lease, and then goes on as if nothing had been."""
    dice = Random(f"pause {seed}")
    for number in range(scale.pauses):
        at = 3.0 + number * (PAUSE_SECONDS + 12) + dice.uniform(0, 4)
        who = dice.randrange(WORKERS)
        yield Harm(at, "pause_worker", who)
        yield Harm(at + PAUSE_SECONDS, "resume_worker", who)


def azure_faults_of(seed: int) -> list[dict[str, object]]:
    """Scripts for the sandbox's random faults."""
    kinds = (
        (REIMAGE_FAULTS, {"verb": "POST", "path_contains": "/reimage"}),
        (UPDATE_FAULTS, {"verb": "PATCH", "path_contains": "/virtualMachines/"}),
        (READ_FAULTS, {"verb": "GET", "path_contains": "/virtualMachines/"}),
        (POLL_FAULTS, {"verb": "GET", "path_contains": "/operations/"}),
        (TOKEN_FAULTS, {"verb": "POST", "path_contains": "/token"}),
    )
    return [
        {"seed": seed * 10 + number, "rates": rates, "match": match, "more": {"retry_after": 2}}
        for number, (rates, match) in enumerate(kinds)
    ]
