"""manage.py evidence_pack: the evidence of a request as one ZIP file. An event itself."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.audit.actors import Actor
from portal.errors import NotFound
from portal.private_files import owner_only
from reimage.evidence_pack.pack import take_evidence_pack


class Command(BaseCommand):
    help = "Writes what the audit log proves of a request: pages to read, events, proofs, and how to verify them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("request_id", type=int, help="the request's number")
        parser.add_argument("file", type=Path, help="a new file")

    def handle(self, *args: Any, **options: Any) -> None:
        file, actor = options["file"], Actor.system("manage.py evidence_pack")
        if file.exists():
            raise CommandError(f"{file} is there already: name a new file.")
        try:
            pieces = take_evidence_pack(reimage_request_id=options["request_id"], actor=actor)
            with open(file, "xb", opener=owner_only) as stream:
                stream.writelines(pieces)
        except NotFound as err:
            raise CommandError(f"{err.message} {err.remedy}") from err
        except OSError as err:
            raise CommandError(f"{file} cannot be written: {err.strerror}.") from err
        self.stdout.write(f"Written: {file}")
