"""manage.py grant: gives access from the command line, above all to the first people."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from portal.audit.actors import Actor
from portal.errors import Problem, WrongState
from reimage.models import GrantRole, PrincipalKind
from reimage.services.grants import create_grant


class Command(BaseCommand):
    help = "Grants a role over a scope to a person or group of Entra ID."

    def add_arguments(self, parser: ArgumentParser) -> None:
        principal = parser.add_mutually_exclusive_group(required=True)
        principal.add_argument("--user", type=UUID, help="object id of a person")
        principal.add_argument("--group", type=UUID, help="object id of a group")
        parser.add_argument("--role", required=True, choices=GrantRole.values)
        parser.add_argument("--scope", required=True, help="/subscriptions/… down to a virtual machine")
        parser.add_argument("--tag", default="", help="name=value: only machines with this tag within the scope")
        parser.add_argument("--label", default="", help="the principal's name, for display")

    def handle(self, *args: Any, **options: Any) -> None:
        tag_name, separator, tag_value = options["tag"].partition("=")
        if options["tag"] and not (tag_name and separator):
            raise CommandError("--tag must be name=value.")
        try:
            grant = create_grant(
                actor=Actor.system("manage.py grant"),
                principal_kind=PrincipalKind.USER if options["user"] else PrincipalKind.GROUP,
                principal_id=options["user"] or options["group"],
                role=GrantRole(options["role"]),
                scope=options["scope"],
                tag_name=tag_name,
                tag_value=tag_value,
                label=options["label"],
            )
        except WrongState as err:
            self.stdout.write(str(err.message))
            return
        except Problem as err:
            raise CommandError(f"{err.message} {err.remedy}") from err
        self.stdout.write(f"Granted: {grant}")
