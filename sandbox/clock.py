"""The sandbox's clock: real time plus an offset that tests move by hand. Nobody else asks for the time."""

from datetime import UTC, datetime, timedelta


class Clock:
    def __init__(self, offset_seconds: float = 0.0) -> None:
        self.offset = timedelta(seconds=offset_seconds)

    def now(self) -> datetime:
        """Azure's time: operations, throttling, the Activity Log and authorization codes follow it."""
        return self.real_now() + self.offset

    def real_now(self) -> datetime:
        """Tokens follow this one: whoever verifies them keeps real time, whatever the offset is."""
        return datetime.now(UTC)

    def advance(self, seconds: float) -> None:
        self.offset += timedelta(seconds=seconds)


def iso(moment: datetime) -> str:
    """A time as Azure writes it, e.g. 2024-07-01T09:30:00.1234560+00:00."""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}0+00:00"
