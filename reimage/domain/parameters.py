"""The parameters of a reimage: their rules, the body on the wire, and that body with its secrets replaced.

Source of the rules: VirtualMachineReimageParameters in Microsoft.Compute 2024-07-01, virtualMachine.json;
https://learn.microsoft.com/rest/api/compute/virtual-machines/reimage
"""

import hashlib
import re
from dataclasses import dataclass, field

from reimage.domain.custom_data import (
    custom_data_violations,
    decode_custom_data,
    encode_custom_data,
)
from reimage.domain.errors import DomainError, RuleViolation
from reimage.domain.passwords import PasswordMode, password_promise, password_violations
from reimage.domain.virtual_machine import OsType

__all__ = [
    "ReimageParameters",
    "encode_custom_data",
    "fingerprinted_body",
    "password_mode_violations",
    "password_violations",
    "request_body",
    "validate_parameters",
]

# No limit is documented. Four numbers of 32 bits and their periods have at most 43 characters: this refuses no image.
EXACT_VERSION_MAX = 100
# "in decimal number" says the document, whose own example is "aaaaaa": so letters too, but nothing that could be
# invisible or change the reading direction on the approver's page.
_EXACT_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class ReimageParameters:
    """As a person asked. None means not asked; `custom_data` is base64.

    `promised_password` asks for a password that does not exist yet.
    """

    temp_disk: bool | None = None
    exact_version: str | None = None
    admin_password: str | None = field(default=None, repr=False)
    promised_password: PasswordMode | None = None
    custom_data: str | None = field(default=None, repr=False)


def validate_parameters(
    parameters: ReimageParameters, *, os_type: OsType, ephemeral: bool
) -> tuple[RuleViolation, ...]:
    """Every broken rule, in the order of the fields; empty when Azure's documented rules are met."""
    return (
        *_temp_disk_violations(parameters.temp_disk, ephemeral),
        *_exact_version_violations(parameters.exact_version),
        *_admin_password_violations(parameters, os_type, ephemeral),
        *_custom_data_violations(parameters.custom_data, ephemeral),
    )


def password_mode_violations(parameters: ReimageParameters, mode: PasswordMode) -> tuple[RuleViolation, ...]:
    """A password may come only in the way that the installation chose; a promise is of one that comes later."""
    given = PasswordMode.SEALED if parameters.admin_password is not None else None
    promised = parameters.promised_password
    if promised is not PasswordMode.SEALED and {given, promised} <= {mode, None}:
        return ()
    return (RuleViolation("admin_password", "password_mode_differs"),)


def request_body(parameters: ReimageParameters) -> dict[str, object] | None:
    """The JSON body exactly as Azure documents it; None where nothing is set. Holds plain secrets: never keep it."""
    profile: dict[str, object] = {}
    if parameters.admin_password is not None:
        profile["adminPassword"] = parameters.admin_password
    if parameters.custom_data is not None:
        # Encoded anew, so that the bytes alone (which the plan's hash binds) decide what is sent.
        profile["customData"] = encode_custom_data(decode_custom_data(parameters.custom_data))
    return _body(parameters, profile)


def fingerprinted_body(
    parameters: ReimageParameters, *, os_type: OsType, password_commitment: str | None = None
) -> dict[str, object] | None:
    """The same body, fit to be kept and shown.

    A plain hash of a password can be guessed, so the caller brings a keyed commitment to it, made elsewhere. For a
    password that does not exist yet stands how it will be made, and the rules for this operating system.
    """
    if (parameters.admin_password is None) != (password_commitment is None):
        raise DomainError("a password commitment belongs to a body with an admin password, and only there")
    profile: dict[str, object] = {}
    if password_commitment is not None:
        profile["adminPassword"] = {"commitment": password_commitment}
    elif parameters.promised_password is not None:
        profile["adminPassword"] = password_promise(parameters.promised_password, os_type)
    if parameters.custom_data is not None:
        data = decode_custom_data(parameters.custom_data)
        profile["customData"] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    return _body(parameters, profile)


def _body(parameters: ReimageParameters, profile: dict[str, object]) -> dict[str, object] | None:
    body: dict[str, object] = {}
    # False is Azure's default, and the field is "only supported" for ephemeral OS disks: left out rather than sent.
    if parameters.temp_disk:
        body["tempDisk"] = True
    if parameters.exact_version is not None:
        body["exactVersion"] = parameters.exact_version
    if profile:
        body["osProfile"] = profile
    return body or None


def _temp_disk_violations(temp_disk: bool | None, ephemeral: bool) -> tuple[RuleViolation, ...]:
    # tempDisk: "only supported for VM/VMSS with Ephemeral OS disk".
    return (RuleViolation("temp_disk", "temp_disk_needs_ephemeral"),) if temp_disk and not ephemeral else ()


def _exact_version_violations(version: str | None) -> tuple[RuleViolation, ...]:
    if version is None:
        return ()
    if not version.strip():
        return (RuleViolation("exact_version", "exact_version_blank"),)
    found = []
    if len(version) > EXACT_VERSION_MAX:
        found.append(RuleViolation("exact_version", "exact_version_too_long", {"maximum": EXACT_VERSION_MAX}))
    if not _EXACT_VERSION.fullmatch(version):
        found.append(RuleViolation("exact_version", "exact_version_characters"))
    return tuple(found)


def _admin_password_violations(
    parameters: ReimageParameters, os_type: OsType, ephemeral: bool
) -> tuple[RuleViolation, ...]:
    password = parameters.admin_password
    if ephemeral and (password is not None or parameters.promised_password):
        return (_needs_managed("admin_password"),)
    return () if password is None else password_violations(password, os_type)


def _custom_data_violations(encoded: str | None, ephemeral: bool) -> tuple[RuleViolation, ...]:
    if encoded is None:
        return ()
    if ephemeral:
        return (_needs_managed("custom_data"),)
    return custom_data_violations(encoded)


def _needs_managed(name: str) -> RuleViolation:
    # osProfile: "information required for reimaging the non-ephemeral OS disk".
    return RuleViolation(name, "os_profile_needs_non_ephemeral")
