"""manage.py audit_redact: removes personal texts from the log, under an event that says so. See docs/audit.md first."""

import getpass
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from portal.audit.actors import Actor
from portal.audit.redaction import (
    Chosen,
    Redaction,
    TextsOfPerson,
    redact,
    redactable,
    texts_of_event,
    texts_of_person,
    texts_of_subject,
)
from portal.audit.text import visible_line
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
        done = self._tell(texts) if options["dry_run"] else self._redact(texts, options["reason"])
        self._name_events_with_others(done.left)
        if isinstance(texts, TextsOfPerson):
            self._name_damaged_events(texts.damaged)
        if done.failed:
            named = ", ".join(map(str, done.failed))
            raise CommandError(f"Not redacted, and not changed: {named}. Ask audit_verify what is wrong with them.")

    def _redact(self, texts: Chosen, reason: str) -> Redaction:
        try:
            done = redact(texts=texts, reason=reason, actor=_operator())
        except Problem as err:
            raise CommandError(f"{err.message} {err.remedy}".strip()) from err
        self.stdout.write(f"Redacted: {done.texts} texts of {done.events} events. Backups have them until they expire.")
        return done

    def _tell(self, texts: Chosen) -> Redaction:
        """What it would be."""
        counts: list[int] = []
        left: list[UUID] = []
        for found in redactable(texts):
            for _key, field in found.texts:
                self.stdout.write(f"{found.event_id} {visible_line(found.action)} {field}")
            counts += filter(None, [len(found.texts)])
            left += [found.event_id] if found.has_others else []
        self.stdout.write(f"{sum(counts)} texts would be redacted. Nothing was changed.")
        return Redaction(len(counts), sum(counts), tuple(left))

    def _name_events_with_others(self, event_ids: Iterable[UUID]) -> None:
        for event_id in event_ids:
            self.stderr.write(
                f"Event {event_id} has texts that its body does not commit to, and no redaction can name: "
                "once audit_verify has told which, have a superuser remove them."
            )

    def _name_damaged_events(self, event_ids: Iterable[UUID]) -> None:
        for event_id in event_ids:
            self.stderr.write(
                f"Event {event_id} is damaged and may be about this person, or by them: "
                "look at it, and redact it by --event."
            )


def _chosen(options: dict[str, Any]) -> Chosen:
    if options["person"]:
        tenant_id, object_id = options["person"]
        return texts_of_person(tenant_id=tenant_id, object_id=object_id)
    return texts_of_event(options["event"]) if options["event"] else texts_of_subject(options["subject"])


def _operator() -> Actor:
    """Whoever is signed in on the machine where the command runs."""
    return Actor.system(f"manage.py audit_redact ({getpass.getuser()})")
