"""manage.py audit_proof: one event with its proof, in the form of audit_export."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from portal.audit.management.output import in_utf8
from portal.audit.models import AuditLeaf
from portal.audit.sealing.evidence import NothingSealed, evidence_lines, in_chunks, leaves_within, newest_note
from portal.audit.sealing.notes import NoteError


class Command(BaseCommand):
    help = "Prints one sealed event with its proof."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("event_id", type=UUID)

    def handle(self, *args: Any, **options: Any) -> None:
        leaves = AuditLeaf.objects.placed().filter(event__event_id=options["event_id"])
        if not leaves.exists():
            raise CommandError("The log has no such event, or it is not sealed yet.")
        try:
            note = newest_note()
        except (NothingSealed, NoteError) as err:
            raise CommandError(str(err)) from err
        output = in_utf8(self.stdout)
        for line in evidence_lines(in_chunks(leaves_within(leaves, note)), note=note):
            output.write(line)
        self.stdout.flush()
