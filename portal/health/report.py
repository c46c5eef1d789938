"""All readings together: the database and the broker first, then what each room tells. Never raises."""

from dataclasses import dataclass

import structlog
from django.db import DatabaseError, connection

from portal.database_trouble import cause_of
from portal.health.broker import probe
from portal.health.readings import Check, Figure, Reading, readers

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Report:
    """Every check and figure. With the database away only what can be told without it."""

    checks: tuple[Check, ...]
    figures: tuple[Figure, ...]

    @property
    def is_ready(self) -> bool:
        return all(check.ok for check in self.checks)


def report() -> Report:
    """As things stand now."""
    broker = Check("broker", probe.answers(), unit="")
    readings = _readings()
    database = Check("database", readings is not None, unit="")
    told = readings or []
    checks = (database, broker, *(check for reading in told for check in reading.checks))
    figures = tuple(figure for reading in told for figure in reading.figures)
    return Report(checks, (_ok_by_check(checks), *figures))


def _readings() -> list[Reading] | None:
    """None if the database does not answer."""
    try:
        return [read() for read in readers()]
    except DatabaseError as err:
        log.warning("database.unavailable", cause=cause_of(err))
        connection.close()
        return None


def _ok_by_check(checks: tuple[Check, ...]) -> Figure:
    values: dict[tuple[str, ...], float] = {(check.name,): float(check.ok) for check in checks}
    return Figure("portal_check_ok", "1 while the check of this name in /readyz holds", values, ("check",))
