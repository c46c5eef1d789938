"""A request that the campaign made, and what the portal acknowledged of it."""

from dataclasses import dataclass, field

from tests.chaos.script import Fate


@dataclass(slots=True)
class Deed:
    """A request that was sent, and what the portal acknowledged about it."""

    number: int
    fate: Fate
    machines: tuple[str, ...]
    password: str = ""
    acknowledged: set[str] = field(default_factory=set)  # sent, approve, reject, cancel
    stopped_at: float = 0.0  # when what must stop it had happened (seconds since 1970); 0 where nothing shall
