"""Custom data between a person's file and Azure's base64 string.

Source: OSProfileProvisioningData.customData in Microsoft.Compute 2024-07-01, virtualMachine.json.
"""

import base64
import binascii
from string import whitespace

from reimage.domain.errors import DomainError, RuleViolation

MAX_BYTES = 65_535
_FIELD = "custom_data"
_WITHOUT_ASCII_WHITESPACE = str.maketrans("", "", whitespace)


class CustomDataError(DomainError):
    """The text is not base64. The message never holds the text."""


def encode_custom_data(content: str | bytes) -> str:
    """The base64 string for Azure; text is encoded as UTF-8."""
    data = content.encode() if isinstance(content, str) else content
    return base64.b64encode(data).decode("ascii")


def decode_custom_data(encoded: str) -> bytes:
    """Standard alphabet and padding only; ASCII whitespace is tolerated, as files are wrapped at 76 characters."""
    try:
        return base64.b64decode(encoded.translate(_WITHOUT_ASCII_WHITESPACE), validate=True)
    except (binascii.Error, ValueError):
        # Without a cause: binascii's exception may quote what it was given.
        raise CustomDataError("custom data must be base64 (A-Z a-z 0-9 + /, padded with =)") from None


def custom_data_violations(encoded: str) -> tuple[RuleViolation, ...]:
    try:
        size = len(decode_custom_data(encoded))
    except CustomDataError:
        return (RuleViolation(_FIELD, "custom_data_not_base64"),)
    if size == 0:
        return (RuleViolation(_FIELD, "custom_data_empty"),)
    if size > MAX_BYTES:
        return (RuleViolation(_FIELD, "custom_data_too_long", {"maximum": MAX_BYTES, "bytes": size}),)
    return ()
