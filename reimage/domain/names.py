"""Azure's naming rules, as far as a resource id needs them. Knows nothing of paths.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
"""

import re
import unicodedata

GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
RESOURCE_GROUP_MAX = 90
# The resource name may have 64 characters also on Windows: the 15 there are the host name's (note under the table).
VIRTUAL_MACHINE_MAX = 64

_LETTERS_AND_DIGITS = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nd"})


def subscription_fault(text: str) -> str | None:
    return None if GUID.fullmatch(text) else "the subscription id must be a GUID"


def resource_group_fault(text: str) -> str | None:
    if not 1 <= len(text) <= RESOURCE_GROUP_MAX:
        return f"a resource group name has 1 to {RESOURCE_GROUP_MAX} characters"
    if not _consists_of_letters_digits_and(text, "_-.()"):
        return "a resource group name holds letters, digits, and _ - . ( ) only"
    if text.endswith("."):
        return "a resource group name cannot end with a period"
    return None


def virtual_machine_fault(text: str) -> str | None:
    if not 1 <= len(text) <= VIRTUAL_MACHINE_MAX:
        return f"a virtual machine name has 1 to {VIRTUAL_MACHINE_MAX} characters"
    # The underscore is a host name's restriction; resource names have it, e.g. every flexible scale set instance.
    if not _consists_of_letters_digits_and(text, "_-."):
        return "a virtual machine name holds letters, digits, and _ - . only"
    if text[0] in "_-.":
        return "a virtual machine name starts with a letter or a digit"
    if text[-1] in "-.":
        return "a virtual machine name cannot end with a hyphen or a period"
    return None


def _consists_of_letters_digits_and(text: str, others: str) -> bool:
    # Composed form only: U+212A KELVIN SIGN lower-cases to "k" and would let one group pass for another.
    return unicodedata.is_normalized("NFC", text) and all(
        character in others or unicodedata.category(character) in _LETTERS_AND_DIGITS for character in text
    )
