"""What rooms and capabilities tell about themselves: checks with a limit, and figures. Plain values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Check:
    """Well or not: a value against its limit, in `unit`. No value: it could not be found out, which is not well."""

    name: str
    ok: bool
    value: float | None = None
    limit: float | None = None
    unit: str = "seconds"


@dataclass(frozen=True)
class Figure:
    """A gauge: its values by label values, in the order of `labels`."""

    name: str
    meaning: str
    values: Mapping[tuple[str, ...], float]
    labels: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Reading:
    """What one room tells."""

    checks: tuple[Check, ...] = ()
    figures: tuple[Figure, ...] = ()


def single(name: str, meaning: str, value: float | None) -> Figure:
    """A figure without labels; absent while there is no value."""
    return Figure(name, meaning, {} if value is None else {(): value})


def within(name: str, value: float | None, limit: float) -> Check:
    """A check that holds while the value is known and at most the limit."""
    return Check(name, value is not None and value <= limit, None if value is None else round(value, 1), limit)


def readers() -> list[Callable[[], Reading]]:
    """Those of HEALTH_READERS: each room's function, by its dotted path."""
    return [import_string(path) for path in settings.HEALTH_READERS]
