"""python manage.py operations: every machine whose reimage has not ended, for whoever looks from a terminal."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.audit.text import visible_line
from reimage.domain.operation_states import ACTIVE
from reimage.models import ReimageOperation

LIMIT = 200


class Command(BaseCommand):
    """Reads only. The longest due first."""

    help = "Lists operations that have not ended: request, operation, machine, state, due time, note, call."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--state", choices=sorted(map(str, ACTIVE)), help="only those in this state")

    def handle(self, *args: Any, **options: Any) -> None:
        states = [options["state"]] if options["state"] else ACTIVE
        found = ReimageOperation.objects.filter(state__in=states).order_by("next_at", "pk")[:LIMIT]
        for operation in found:
            self.stdout.write(visible_line(_line(operation)))
        self.stdout.write(f"{len(found)} operations" + (", the first of more" if len(found) == LIMIT else ""))


def _line(operation: ReimageOperation) -> str:
    due = operation.next_at.isoformat(timespec="seconds") if operation.next_at else "-"
    note, call = operation.note_code or "-", operation.client_request_id or "-"
    return f"#{operation.reimage_request_id}/{operation.pk} {operation.name} {operation.state} due={due} {note} {call}"
