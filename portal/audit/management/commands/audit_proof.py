"""manage.py audit_proof: one event with its proof, in the form of audit_export. An event itself."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from portal.audit.actors import Actor
from portal.audit.management.output import in_utf8
from portal.audit.sealed_exports import begin_proof
from portal.audit.sealing.evidence import NothingSealed
from portal.audit.sealing.notes import NoteError


class Command(BaseCommand):
    help = "Prints one sealed event with its proof."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("event_id", type=UUID)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            lines = begin_proof(event_id=options["event_id"], actor=Actor.system("manage.py audit_proof"))
        except (NothingSealed, NoteError) as err:
            raise CommandError(str(err)) from err
        output = in_utf8(self.stdout)
        for line in lines:
            output.write(line)
        self.stdout.flush()
