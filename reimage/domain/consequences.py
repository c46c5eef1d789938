"""What a reimage will do to one virtual machine, as codes in a fixed order: lost, old disk, asked, stays, unknown.

Says only what Azure documents or was seen on its wire; the rest is called undocumented. Renders no text.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from enum import StrEnum

from reimage.domain.parameters import ReimageParameters
from reimage.domain.passwords import LENGTHS, PasswordMode
from reimage.domain.virtual_machine import DeleteOption, OsDisk, VirtualMachineFacts

Params = Mapping[str, str | int]


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    DANGER = "danger"


class ConsequenceCode(StrEnum):
    OS_DISK_REPLACED = "os_disk_replaced"
    EPHEMERAL_OS_DISK_RESET = "ephemeral_os_disk_reset"
    OLD_OS_DISK_KEPT = "old_os_disk_kept"
    OLD_OS_DISK_DELETED = "old_os_disk_deleted"
    DELETE_OPTION_STAYS_CHANGED = "delete_option_stays_changed"
    TEMP_DISK_REIMAGED = "temp_disk_reimaged"
    IMAGE_VERSION_UNPROVEN = "image_version_unproven"
    IMAGE_VERSION_KEPT = "image_version_kept"
    IMAGE_UNKNOWN = "image_unknown"
    ADMIN_PASSWORD_SET = "admin_password_set"  # noqa: S105 the name of a consequence
    ADMIN_PASSWORD_AT_RELEASE = "admin_password_at_release"  # noqa: S105 likewise
    ADMIN_PASSWORD_GENERATED = "admin_password_generated"  # noqa: S105 likewise
    CUSTOM_DATA_MUST_MATCH = "custom_data_must_match"
    IDENTITY_OF_VIRTUAL_MACHINE_STAYS = "identity_of_virtual_machine_stays"
    DATA_DISKS_NOT_TOUCHED = "data_disks_not_touched"
    DATA_DISKS_UNDOCUMENTED = "data_disks_undocumented"
    TEMP_DISK_UNDOCUMENTED = "temp_disk_undocumented"
    EXTENSIONS_UNDOCUMENTED = "extensions_undocumented"
    MANAGED_IDENTITY_UNDOCUMENTED = "managed_identity_undocumented"
    NOT_RUNNING_UNDOCUMENTED = "not_running_undocumented"


_C = ConsequenceCode

ABOUT_DELETE_OPTION = frozenset(
    {_C.EPHEMERAL_OS_DISK_RESET, _C.OLD_OS_DISK_KEPT, _C.OLD_OS_DISK_DELETED, _C.DELETE_OPTION_STAYS_CHANGED}
)

_PROMISES = {
    PasswordMode.AT_RELEASE: _C.ADMIN_PASSWORD_AT_RELEASE,
    PasswordMode.GENERATED: _C.ADMIN_PASSWORD_GENERATED,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Consequence:
    code: ConsequenceCode
    severity: Severity
    params: Params = dataclasses.field(default_factory=dict, hash=False)


def consequences_of(
    facts: VirtualMachineFacts, parameters: ReimageParameters, delete_option_at_reimage: DeleteOption
) -> tuple[Consequence, ...]:
    return (
        _danger(_C.OS_DISK_REPLACED, _disk(facts.os_disk)),
        *_old_os_disk(facts.os_disk, delete_option_at_reimage),
        *_asked(facts, parameters),
        *_staying(facts),
        *_undocumented(facts, parameters),
    )


def _old_os_disk(disk: OsDisk, at_reimage: DeleteOption) -> Iterator[Consequence]:
    # "If deleteOption is detach, the old OS disk will be preserved after reimage. If deleteOption is delete, the old OS
    # disk will be deleted": VirtualMachines_Reimage, virtualMachine.json. An ephemeral OS disk is always Delete.
    if disk.ephemeral:
        yield _danger(_C.EPHEMERAL_OS_DISK_RESET, _disk(disk))
        return
    if at_reimage is DeleteOption.DETACH:
        yield _warning(_C.OLD_OS_DISK_KEPT, _disk(disk))
    else:
        yield _danger(_C.OLD_OS_DISK_DELETED, _disk(disk))
    if at_reimage is not disk.delete_option:
        # The option also decides what happens when the virtual machine is deleted one day.
        yield _warning(_C.DELETE_OPTION_STAYS_CHANGED, {"before": disk.delete_option.value, "after": at_reimage.value})


def _asked(facts: VirtualMachineFacts, parameters: ReimageParameters) -> Iterator[Consequence]:
    if parameters.temp_disk:
        yield _danger(_C.TEMP_DISK_REIMAGED)
    if parameters.exact_version is not None:
        # Azure was seen to answer Succeeded for a version that does not exist.
        yield _warning(_C.IMAGE_VERSION_UNPROVEN, {"exact_version": parameters.exact_version})
    elif facts.image.is_known:
        yield _info(_C.IMAGE_VERSION_KEPT, _version(facts))
    if not facts.image.is_known:
        yield _warning(_C.IMAGE_UNKNOWN)
    if parameters.admin_password is not None:
        yield _info(_C.ADMIN_PASSWORD_SET)
    if parameters.promised_password is not None:
        yield _info(_PROMISES[parameters.promised_password], _password_rules(facts))
    if parameters.custom_data is not None:
        # https://github.com/Azure/azure-cli/issues/26303
        yield _warning(_C.CUSTOM_DATA_MUST_MATCH)


def _staying(facts: VirtualMachineFacts) -> Iterator[Consequence]:
    yield _info(_C.IDENTITY_OF_VIRTUAL_MACHINE_STAYS, {"vm_id": facts.vm_id})
    if facts.data_disk_names:
        yield _info(_C.DATA_DISKS_NOT_TOUCHED, {"count": len(facts.data_disk_names)})


def _undocumented(facts: VirtualMachineFacts, parameters: ReimageParameters) -> Iterator[Consequence]:
    if facts.data_disk_names:
        yield _info(_C.DATA_DISKS_UNDOCUMENTED, {"count": len(facts.data_disk_names)})
    if not parameters.temp_disk:
        yield _info(_C.TEMP_DISK_UNDOCUMENTED)
    yield _info(_C.EXTENSIONS_UNDOCUMENTED)
    yield _info(_C.MANAGED_IDENTITY_UNDOCUMENTED)
    if facts.power_state is not None and facts.power_state.lower() != "running":
        yield _warning(_C.NOT_RUNNING_UNDOCUMENTED, {"power_state": facts.power_state})


def _password_rules(facts: VirtualMachineFacts) -> Params:
    shortest, longest = LENGTHS[facts.os_type]
    return {"os_type": facts.os_type.value, "minimum": shortest, "maximum": longest}


def _disk(disk: OsDisk) -> Params:
    known = {"os_disk": disk.name, "size_gb": disk.size_gb, "storage_type": disk.storage_type}
    return {name: value for name, value in known.items() if value is not None}


def _version(facts: VirtualMachineFacts) -> Params:
    version = facts.image.exact_version or facts.image.version
    return {"exact_version": version} if version else {}


def _info(code: ConsequenceCode, params: Params | None = None) -> Consequence:
    return Consequence(code, Severity.INFO, params or {})


def _warning(code: ConsequenceCode, params: Params | None = None) -> Consequence:
    return Consequence(code, Severity.WARNING, params or {})


def _danger(code: ConsequenceCode, params: Params | None = None) -> Consequence:
    return Consequence(code, Severity.DANGER, params or {})
