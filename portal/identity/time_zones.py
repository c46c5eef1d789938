"""Names of time zones that people and browsers may send us."""

import zoneinfo
from functools import lru_cache


@lru_cache(maxsize=1)
def time_zone_names() -> frozenset[str]:
    """Every name of the IANA database; reading it takes milliseconds, so it is read once."""
    return frozenset(zoneinfo.available_timezones())


def is_time_zone(name: str) -> bool:
    """Whether the name is known. Asked before ZoneInfo, which would take it for a path."""
    return name in time_zone_names()
