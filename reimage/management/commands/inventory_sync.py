"""manage.py inventory_sync: mirrors Azure's machines now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.audit.actors import Actor
from reimage.azure.errors import AzureError
from reimage.services.clock import database_now
from reimage.services.inventory import synchronize_inventory


class Command(BaseCommand):
    help = "Mirrors the virtual machines of AZURE_SUBSCRIPTIONS into the inventory."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = synchronize_inventory(actor=Actor.system("inventory_sync"), now=database_now())
        except AzureError as err:
            raise CommandError(f"{_finding(err)}: {err.message} The inventory is as it was.") from err
        self.stdout.write(f"{result.seen} virtual machines, {result.vanished} vanished since the last time.")


def _finding(err: AzureError) -> str:
    """Without a status there was no answer of Azure's to quote."""
    if err.status:
        return f"Azure answered {err.status} {err.code}"
    return f"The virtual machines could not be read ({err.code})"
