"""How large a campaign is and how fast its clocks run. The seed decides everything else."""

from dataclasses import dataclass

LEASE_SECONDS = 30  # the product's least and default
RECOVERY_SECONDS = LEASE_SECONDS + 10  # what is promised after any process died
POLL_SECONDS = 2
OPERATION_SECONDS = 4  # a reimage at the sandbox; a deleteOption change takes a quarter of it
QUARANTINE_SECONDS = 20  # longer than a reimage, the Activity Log's delay, and the longest of the slow answers
ACTIVITY_LOG_SECONDS = 3
PAUSE_SECONDS = LEASE_SECONDS + 3
WORKERS = 3


@dataclass(frozen=True)
class Scale:
    """What is asked for (in operations and machines), and for how long at least the harm goes on."""

    operations: int
    vms: int
    feeders: int
    mischief_seconds: float
    pauses: int
    control_tasks: int
    recovery_seconds: float
    must_recover: bool  # else it may end without anything that had to
    longest_feeding_seconds: float = 900
    longest_quiet_seconds: float = 600

    def lasting(self, minutes: float) -> "Scale":
        """The same campaign, harmed for so many minutes."""
        seconds = minutes * 60
        return Scale(**{**self.__dict__, "mischief_seconds": seconds, "pauses": max(1, int(seconds // 50))})


QUICK = Scale(
    operations=60,
    vms=58,
    feeders=3,
    mischief_seconds=20,
    pauses=1,
    control_tasks=8,
    must_recover=False,
    recovery_seconds=3 * RECOVERY_SECONDS,  # part of CI: it must not fail because the machine does something else
)
FULL = Scale(
    operations=300,
    vms=200,
    feeders=4,
    mischief_seconds=110,
    pauses=2,
    control_tasks=24,
    must_recover=True,
    recovery_seconds=RECOVERY_SECONDS,
)
