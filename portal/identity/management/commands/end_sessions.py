"""manage.py end_sessions: signs one person out everywhere, or everybody. For an account that was disabled or stolen."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from portal.identity.models import User
from portal.identity.open_sessions import end_sessions


class Command(BaseCommand):
    help = "Ends the sessions of a person (by object id) or of everybody."

    def add_arguments(self, parser: ArgumentParser) -> None:
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--person", type=UUID, metavar="OBJECT_ID")
        whose.add_argument("--all", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        people = list(User.objects.all() if options["all"] else User.objects.filter(object_id=options["person"]))
        if not people and not options["all"]:
            raise CommandError(f"Nobody with the object id {options['person']} has ever signed in.")
        self.stdout.write(f"{end_sessions(people=people)} sessions ended.")
