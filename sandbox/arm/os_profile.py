"""What Azure accepts as a new administrator's password and customData of a machine with a managed OS disk.

Rules: https://learn.microsoft.com/rest/api/compute/virtual-machines/reimage (OSProfileProvisioningData)
"""

import base64
import re

from sandbox.arm.errors import ArmError, bad_request, invalid_parameter
from sandbox.machines import Machine

_LENGTHS = {"Windows": (8, 123), "Linux": (6, 72)}
_KINDS_OF_CHARACTER = (r"[a-z]", r"[A-Z]", r"\d", r"[\W_]")
_REFUSED = frozenset(
    {
        "abc@123",
        "P@$$w0rd",
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
_CUSTOM_DATA_MAX_BYTES = 65_535


def check_admin_password(password: str, os_type: str) -> None:
    """Raises ArmError 400. The password itself is never in the message."""
    shortest, longest = _LENGTHS[os_type]
    kinds = sum(bool(re.search(kind, password)) for kind in _KINDS_OF_CHARACTER)
    if not shortest <= len(password) <= longest or kinds < 3:
        raise invalid_parameter(
            f"The supplied password must be between {shortest}-{longest} characters long and must satisfy at least 3 "
            "of password complexity requirements from the following: 1) Contains an uppercase character "
            "2) Contains a lowercase character 3) Contains a numeric digit 4) Contains a special character.",
            "adminPassword",
        )
    if password in _REFUSED:
        raise invalid_parameter("The supplied password is not allowed.", "adminPassword")


def check_custom_data(custom_data: str, machine: Machine) -> None:
    """Raises ArmError 400. The last rule: https://github.com/Azure/azure-cli/issues/26303"""
    try:
        size = len(base64.b64decode(custom_data, validate=True))
    except ValueError as error:
        raise _not_custom_data() from error
    if size > _CUSTOM_DATA_MAX_BYTES:
        raise _not_custom_data()
    if machine.created_with_custom_data not in (None, custom_data):
        raise bad_request(
            "Reimage requires the custom data provided should be same as the custom data provided while creating "
            "the Virtual Machine."
        )


def _not_custom_data() -> ArmError:
    message = "Custom data in OSProfile must be in Base64 encoding and with a maximum length of 65535 bytes."
    return invalid_parameter(message, "customData")
