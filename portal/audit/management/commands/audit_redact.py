"""manage.py audit_redact: removes personal texts from the log, under an event that says so. See docs/audit.md first."""

import getpass
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from portal.audit.actors import Actor
from portal.audit.redaction import (
    Texts,
    damaged_events_naming,
    redact,
    texts_of_event,
    texts_of_person,
    texts_of_subject,
)
from portal.errors import Problem


class Command(BaseCommand):
    help = "Removes personal texts of events for good; what is sealed stays, and stays verifiable."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--person", nargs=2, type=UUID, metavar=("TENANT_ID", "OBJECT_ID"))
        what.add_argument("--subject", help="for example reimage_request:12")
        what.add_argument("--event", type=UUID, metavar="EVENT_ID")
        parser.add_argument("--reason", required=True, help="on what ground; it stays in the log, so name nobody in it")
        parser.add_argument("--dry-run", action="store_true", help="say what would be redacted, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        texts = _chosen(options)
        if options["dry_run"]:
            self._tell(texts)
        else:
            self._redact(texts, options["reason"])
        if options["person"]:
            self._name_damaged_events(*options["person"])

    def _redact(self, texts: Texts, reason: str) -> None:
        try:
            done = redact(texts=texts, reason=reason, actor=_operator())
        except Problem as err:
            raise CommandError(f"{err.message} {err.remedy}".strip()) from err
        self.stdout.write(f"Redacted: {done.texts} texts of {done.events} events. Backups have them until they expire.")

    def _tell(self, texts: Texts) -> None:
        rows = texts.order_by("event_id", "field").values_list("event__event_id", "event__action", "field")
        for event_id, action, field in rows.iterator():
            self.stdout.write(f"{event_id} {action} {field}")
        self.stdout.write(f"{texts.count()} texts would be redacted. Nothing was changed.")

    def _name_damaged_events(self, tenant_id: UUID, object_id: UUID) -> None:
        for event_id in damaged_events_naming(tenant_id=tenant_id, object_id=object_id):
            self.stderr.write(
                f"Event {event_id} is damaged and may be about this person: look at it, and redact it by --event."
            )


def _chosen(options: dict[str, Any]) -> Texts:
    if options["person"]:
        tenant_id, object_id = options["person"]
        return texts_of_person(tenant_id=tenant_id, object_id=object_id)
    return texts_of_event(options["event"]) if options["event"] else texts_of_subject(options["subject"])


def _operator() -> Actor:
    """Whoever is signed in on the machine where the command runs."""
    return Actor.system(f"manage.py audit_redact ({getpass.getuser()})")
