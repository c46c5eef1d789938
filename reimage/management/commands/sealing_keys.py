"""manage.py sealing_keys: which keys sealed values wait for, and which of them this process can open."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reimage.services import sealing_keys
from reimage.services.sealing_keys import SealingError


class Command(BaseCommand):
    help = "Lists the sealing keys: new values are sealed for one; an old one can go when nothing waits for it."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            current, ring = sealing_keys.key_id(sealing_keys.public_key()), set(sealing_keys.private_keys())
        except SealingError as err:
            raise CommandError(f"{err}. Run it with the worker's environment.") from err
        waiting = sealing_keys.keys_in_use()
        for name in sorted({current, *ring, *waiting}):
            self.stdout.write(f"{name}  {waiting.get(name, 0)} waiting  {_advice(name, current, ring, waiting)}")
        lost = sorted(set(waiting) - ring)
        if lost or current not in ring:
            raise CommandError(f"No private key is here for: {', '.join(sorted({*lost, *({current} - ring)}))}.")


def _advice(name: str, current: str, ring: set[str], waiting: dict[str, int]) -> str:
    if name not in ring:
        return "private key MISSING"
    if name == current:
        return "seals"
    return "opens" if name in waiting else "can be removed"
