"""manage.py audit_text_search: makes the indexes over parts of texts where pg_trgm came after `migrate`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.audit.text_indexes import install_text_indexes


class Command(BaseCommand):
    help = "Lets the audit log find parts of names by an index, on a PostgreSQL that has the extension pg_trgm."

    def handle(self, *args: Any, **options: Any) -> None:
        if not install_text_indexes():
            raise CommandError(
                "This database has no pg_trgm for us: on PostgreSQL have a superuser run CREATE EXTENSION pg_trgm "
                "(on Debian it is in the package postgresql). Until then searching for a part of a name reads the log."
            )
        self.stdout.write("Parts of names are found by indexes.")
