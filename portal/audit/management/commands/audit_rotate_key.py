"""manage.py audit_rotate_key: hands the log over to a new signing key. See docs/audit.md before a key that was lost."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.audit.actors import Actor
from portal.audit.sealing.anchors import anchor_checkpoints
from portal.audit.sealing.keys import AFTER_LOSS, SigningKeyProblem
from portal.audit.sealing.rotation import replace_signing_key
from portal.audit.sealing.sealer import SealingRefused
from portal.security_module.sessions import KeyModuleError


class Command(BaseCommand):
    help = "Lets the key in AUDIT_SIGNING_KEY_FILE endorse a new one, which signs from then on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "new_key", help="a file made by deploy/audit_key.py, or a security module's key, as pkcs11: URI"
        )
        parser.add_argument(
            "--old-key-is-lost", action="store_true", help="nobody endorses the new key: for a lost or stolen one alone"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        place, is_lost, now = options["new_key"], options["old_key_is_lost"], timezone.now()
        actor = Actor.system("manage.py audit_rotate_key")
        try:
            key = replace_signing_key(new_key=place, actor=actor, now=now, is_lost=is_lost)
        except (SigningKeyProblem, KeyModuleError, SealingRefused) as err:
            raise CommandError(str(err)) from err
        anchor_checkpoints(now=now)
        self.stdout.write("Replaced. Now set, and restart worker and web:")
        self.stdout.write(f"  AUDIT_SIGNING_KEY_FILE='{place}'")
        self.stdout.write(f"  AUDIT_PUBLIC_KEYS=…,{AFTER_LOSS if is_lost else ''}{key}")
        self.stdout.write("Destroy the old private key: nothing needs it any more.")
