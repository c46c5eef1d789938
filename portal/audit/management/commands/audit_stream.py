"""manage.py audit_stream: how far the SIEM has been told, and telling it again from an event on."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.audit.models import AuditStream
from portal.audit.sealing.sealer import sealed_size
from portal.audit.streaming import sink_name, stream_again_from


class Command(BaseCommand):
    help = "Says how far sealed events have been streamed to AUDIT_STREAM, or streams them again from an event on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--again-from", type=int, metavar="NUMBER", help="the first event to stream again")

    def handle(self, *args: Any, **options: Any) -> None:
        if not sink_name():
            raise CommandError("AUDIT_STREAM is not set: nothing is streamed.")
        number, sealed = options["again_from"], sealed_size()
        if number is not None:
            if not 1 <= number <= sealed + 1:
                raise CommandError(f"--again-from must be 1 to {sealed + 1}: {sealed} events are sealed.")
            stream_again_from(number - 1)
        told = AuditStream.objects.filter(sink=sink_name()).values_list("told", flat=True).first() or 0
        self.stdout.write(f"{sink_name()} has been told up to #{told} of {sealed} sealed events.")
