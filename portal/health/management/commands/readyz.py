"""python manage.py readyz: what /readyz tells, for a terminal, also while the web process is down."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.health.readings import Check
from portal.health.report import report


class Command(BaseCommand):
    """One line a check. Ends with 1 if one does not hold."""

    help = "Prints the checks of /readyz."

    def handle(self, *args: Any, **options: Any) -> None:
        found = report()
        for check in found.checks:
            self.stdout.write(f"{'ok  ' if check.ok else 'FAIL'} {check.name:<16} {_measured(check)}".rstrip())
        if not found.is_ready:
            failing = ", ".join(check.name for check in found.checks if not check.ok)
            raise CommandError(f"Not ready: {failing}. See docs/runbook.md.")


def _measured(check: Check) -> str:
    if check.limit is None:
        return ""
    value = "unknown" if check.value is None else f"{check.value:g}"
    return f"{value} (limit {check.limit:g} {check.unit})"
