"""manage.py audit_export: sealed events with their proofs as JSON Lines, for docs/verify_audit.py. An event itself."""

from argparse import ArgumentParser
from codecs import StreamWriter
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.db import transaction
from django.utils import timezone

from portal.audit.actors import Actor
from portal.audit.catalogue import AUDIT_LOG_EXPORTED
from portal.audit.management.output import in_utf8
from portal.audit.models import AuditLeaf
from portal.audit.sealing.evidence import NothingSealed, evidence_lines, in_chunks, leaves_within, newest_note
from portal.audit.sealing.notes import NoteError
from portal.audit.services import record
from portal.private_files import owner_only


class Command(BaseCommand):
    help = "Writes sealed events with their proofs, all of them or a selection."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="a new file; standard output without one")
        parser.add_argument("--subject", default="", help="for example reimage_request:12")
        parser.add_argument("--since", type=_moment, help="2026-11-25, or with a time; in TIME_ZONE")
        parser.add_argument("--until", type=_moment)

    def handle(self, *args: Any, **options: Any) -> None:
        filters = {
            "event__subject": options["subject"],
            "event__occurred_at__gte": options["since"],
            "event__occurred_at__lt": options["until"],
        }
        chosen = {name: value for name, value in filters.items() if value}
        leaves = AuditLeaf.objects.placed().filter(**chosen)
        try:
            note = newest_note()
            output = self._output(options["file"])
        except (NothingSealed, NoteError, OSError) as err:
            raise CommandError(str(err)) from err
        with transaction.atomic():
            selection = {name: options[name] for name in ("subject", "since", "until") if options[name]}
            record(
                action=AUDIT_LOG_EXPORTED,
                actor=Actor.system("manage.py audit_export"),
                detail={"filter": selection, "rows": leaves.count()},
            )
        sealed = leaves_within(leaves, note)
        complete = [options["subject"]] if set(chosen) == {"event__subject"} and sealed.exists() else []
        with output as stream:
            for line in evidence_lines(in_chunks(sealed), note=note, is_whole=not chosen, complete=complete):
                stream.write(line)
        if options["file"]:
            self.stderr.write(f"Written: {options['file']}")
        self.stdout.flush()

    def _output(self, file: Path | None) -> AbstractContextManager[TextIO | StreamWriter | OutputWrapper]:
        return open(file, "x", encoding="utf-8", opener=owner_only) if file else nullcontext(in_utf8(self.stdout))


def _moment(text: str) -> datetime:
    return timezone.make_aware(datetime.fromisoformat(text))
