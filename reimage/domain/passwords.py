"""Azure's rules for an administrator password, one finding per rule that is not met.

Source of every rule: OSProfileProvisioningData.adminPassword in Microsoft.Compute 2024-07-01, virtualMachine.json.
"""

import re
import unicodedata
from enum import StrEnum

from reimage.domain.errors import RuleViolation
from reimage.domain.virtual_machine import OsType

LENGTHS = {OsType.WINDOWS: (8, 123), OsType.LINUX: (6, 72)}
CLASSES_NEEDED = 3
_SPECIAL = re.compile(r"[\W_]")
# Compared as printed, letter case included: they are listed as "disallowed values", and to refuse more than these would
# be a rule of our own. The Learn page prints one of them with a space, the OpenAPI document without: both are refused.
DISALLOWED = frozenset(
    {
        "abc@123",
        "P@$$w0rd",
        "P@$$w 0rd",
        "P@ssw0rd",
        "P@ssword123",
        "Pa$$word",
        "pass@word1",
        "Password!",
        "Password1",
        "Password22",
        "iloveyou!",
    }
)
_FIELD = "admin_password"


class PasswordMode(StrEnum):
    """When a password comes into being: with the request, after its approval, or at the worker right before the run."""

    SEALED = "sealed"
    AT_RELEASE = "at_release"
    GENERATED = "generated"


def password_violations(password: str, os_type: OsType) -> tuple[RuleViolation, ...]:
    shortest, longest = LENGTHS[os_type]
    missing = missing_character_classes(password)
    met = 4 - len(missing)
    found = []
    if len(password) < shortest:
        found.append(RuleViolation(_FIELD, "password_too_short", {"minimum": shortest, "os_type": os_type.value}))
    if len(password) > longest:
        found.append(RuleViolation(_FIELD, "password_too_long", {"maximum": longest, "os_type": os_type.value}))
    if met < CLASSES_NEEDED:
        params: dict[str, str | int] = {"met": met, "needed": CLASSES_NEEDED, "missing": ",".join(missing)}
        found.append(RuleViolation(_FIELD, "password_too_simple", params))
    if any(unicodedata.category(character) == "Cc" for character in password):
        # Ours, not Azure's: a line break or a tab came along with a copy, and no sign-in screen lets one type it.
        found.append(RuleViolation(_FIELD, "password_control_character"))
    if password in DISALLOWED:
        found.append(RuleViolation(_FIELD, "password_disallowed"))
    return tuple(found)


def password_promise(mode: PasswordMode, os_type: OsType) -> dict[str, object]:
    """What a plan says of a password that does not exist yet: where it will come from, and the rules it will meet."""
    shortest, longest = LENGTHS[os_type]
    return {"mode": mode.value, "minimum": shortest, "maximum": longest, "classes": CLASSES_NEEDED}


def missing_character_classes(password: str) -> tuple[str, ...]:
    """Of lower, upper, digit, special: those that the password lacks, in this order."""
    present = {
        "lower": any(character.islower() for character in password),
        "upper": any(character.isupper() for character in password),
        "digit": any(character.isdecimal() for character in password),
        "special": bool(_SPECIAL.search(password)),
    }
    return tuple(name for name, is_present in present.items() if not is_present)
