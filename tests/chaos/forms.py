"""What stands in the form of a wish: the fields' names are those of the portal's page."""

from collections.abc import Sequence

from django.conf import settings

from reimage.domain.passwords import PasswordMode
from reimage.models import VirtualMachine
from tests.chaos import canary
from tests.chaos.script import Wish


def password_in(wish: Wish, machines: Sequence[VirtualMachine]) -> str:
    has_password = wish.with_secret and len(machines) == 1 and not machines[0].ephemeral
    return canary.password_of(wish.number) if has_password else ""


def given_password(password: str) -> dict[str, object]:
    """The two fields of whoever types one."""
    return {"admin_password": password, "admin_password_again": password}


def _password_fields(password: str) -> dict[str, object]:
    """Of the request: where the portal asks for passwords after the approval, only that there will be one."""
    comes_later = settings.PASSWORD_MODE == PasswordMode.AT_RELEASE
    return {"sets_admin_password": "on"} if comes_later else given_password(password)


def form_of(wish: Wish, machines: Sequence[VirtualMachine]) -> dict[str, object]:
    form: dict[str, object] = {
        "vm": [machine.pk for machine in machines],
        "justification": f"Wish {wish.number}",
        "ticket": f"INC-{wish.number}",
    }
    prefix = f"g{machines[0].pk}"
    if password := password_in(wish, machines):
        form |= {f"{prefix}-{name}": value for name, value in _password_fields(password).items()}
        form[f"{prefix}-custom_data"] = canary.CUSTOM_DATA if wish.number % 2 else ""
    if wish.flips_delete_option and not machines[0].ephemeral:
        form[f"{prefix}-delete_option"] = "Detach" if machines[0].delete_option == "Delete" else "Delete"
    return form
