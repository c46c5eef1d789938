"""PASSWORD_MODE generated: the worker makes the password right before the POST, and keeps it sealed to be seen once."""

import secrets as randomness
import string
from datetime import datetime

from reimage.azure.echoes import CLEANSED, cleansed
from reimage.domain.passwords import PasswordMode, missing_character_classes, password_violations
from reimage.domain.plan import ReimagePlan
from reimage.domain.virtual_machine import OsType
from reimage.models import ReimageOperation, SecretField
from reimage.services.secrets import SealingError, commit, destroy_secrets, open_secret, seal

LENGTH = 24  # of 62 characters: more than 140 bits
# Without those that are taken for one another when somebody types them from a screen: 0 O o, 1 l I.
ALPHABET = "".join(sorted(set(string.ascii_letters + string.digits + "!#%+-=?@_") - set("0Oo1lI")))


def generate_for(plan: ReimagePlan) -> str | None:
    """A password for this machine, None where its plan promises none."""
    return generate_password(plan.os_type) if plan.promised_password is PasswordMode.GENERATED else None


def generate_password(os_type: OsType) -> str:
    """Drawn evenly from all that have the four kinds of characters and meet Azure's rules."""
    while True:
        password = "".join(randomness.choice(ALPHABET) for _ in range(LENGTH))
        if not missing_character_classes(password) and not password_violations(password, os_type):
            return password


def keep(operation: ReimageOperation, password: str, *, now: datetime) -> None:
    """Seals it for the worker's own key, in place of one of an earlier attempt."""
    field = SecretField.GENERATED
    destroy_secrets(operation.pk, fields=[field])
    reimage_request = operation.reimage_request
    seal(commit(password), operation=operation, reimage_request=reimage_request, field=field, now=now)


def without_it(operation: ReimageOperation, words: str) -> str:
    """Azure's words while the password waits to be seen. Where it cannot be looked for, none of them."""
    try:
        password = open_secret(operation, SecretField.GENERATED, commitment=None)
    except SealingError:
        return CLEANSED if words else ""
    return cleansed(words, [password] if password else [])
