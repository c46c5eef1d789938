"""What stands in the form of a wish: the fields' names are those of the portal's page."""

from collections.abc import Sequence

from reimage.models import VirtualMachine
from tests.chaos import canary
from tests.chaos.script import Wish


def _has_password(wish: Wish, machines: Sequence[VirtualMachine]) -> bool:
    return wish.with_secret and len(machines) == 1 and not machines[0].ephemeral


def password_in(wish: Wish, machines: Sequence[VirtualMachine]) -> str:
    return canary.password_of(wish.number) if _has_password(wish, machines) else ""


def form_of(wish: Wish, machines: Sequence[VirtualMachine]) -> dict[str, object]:
    form: dict[str, object] = {
        "vm": [machine.pk for machine in machines],
        "justification": f"Wish {wish.number}",
        "ticket": f"INC-{wish.number}",
    }
    prefix = f"g{machines[0].pk}"
    if _has_password(wish, machines):
        password = canary.password_of(wish.number)
        form |= {f"{prefix}-admin_password": password, f"{prefix}-admin_password_again": password}
        form[f"{prefix}-custom_data"] = canary.CUSTOM_DATA if wish.number % 2 else ""
    if wish.flips_delete_option and not machines[0].ephemeral:
        form[f"{prefix}-delete_option"] = "Detach" if machines[0].delete_option == "Delete" else "Delete"
    return form
