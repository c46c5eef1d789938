"""manage.py audit_verify: is the log what was sealed? Exit code 0 sound, 2 tampered, 3 behind or unanchored."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.audit.sealing.keys import SigningKeyProblem, trusted_keys
from portal.audit.text import visible_line
from portal.audit.verification.log import PROCESSES, verify_audit_log


class Command(BaseCommand):
    help = "Verifies the audit log: every event, the tree, every signature, the anchors."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--public-keys", type=Path, help="file of the trusted public keys; else AUDIT_PUBLIC_KEYS")
        parser.add_argument("--anchors", type=Path, help="file of anchors, from any place; else AUDIT_ANCHOR_FILE")
        parser.add_argument("--processes", type=int, default=PROCESSES)

    def run_from_argv(self, argv: list[str]) -> None:
        """A mistake in the arguments exits with 1: argparse's own 2 would say that the log was tampered with."""
        try:
            self.create_parser(argv[0], argv[1]).parse_args(argv[2:])
        except CommandError as err:
            self.stderr.write(str(err))
            sys.exit(err.returncode)
        super().run_from_argv(argv)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            file = options["public_keys"]
            trusted = trusted_keys(file.read_text(encoding="utf-8") if file else None)
        except UnicodeDecodeError as err:
            raise CommandError(f"{file} is no list of public keys: it is not UTF-8.") from err
        except (SigningKeyProblem, OSError) as err:
            raise CommandError(str(err)) from err
        if not trusted:
            raise CommandError("Name the keys to trust: --public-keys FILE, or AUDIT_PUBLIC_KEYS in the environment.")
        verdict = verify_audit_log(
            trusted=trusted,
            anchor_file=options["anchors"] or Path(settings.AUDIT_ANCHOR_FILE),
            now=timezone.now(),
            processes=options["processes"],
        )
        for line in verdict.lines():
            self.stdout.write(self._told(line))
        if verdict.exit_code:
            sys.exit(verdict.exit_code)

    def _told(self, line: str) -> str:
        """What was tampered with could steer the terminal, or be no text at all."""
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        return visible_line(line).encode(encoding, "backslashreplace").decode(encoding)
