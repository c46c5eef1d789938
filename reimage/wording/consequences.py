"""One sentence for each consequence of a plan."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from reimage.domain.consequences import ConsequenceCode

_C = ConsequenceCode
CONSEQUENCES: Mapping[ConsequenceCode, Any] = {
    _C.OS_DISK_REPLACED: gettext_lazy(
        "Everything on the OS disk %(os_disk)s is replaced by a fresh copy of the image."
    ),
    _C.EPHEMERAL_OS_DISK_RESET: gettext_lazy(
        "The OS disk is ephemeral (deleteOption Delete, which cannot be changed): its contents are lost and cannot be "
        "recovered."
    ),
    _C.OLD_OS_DISK_KEPT: gettext_lazy(
        "deleteOption is Detach: the old OS disk %(os_disk)s is kept as an unattached disk, and goes on costing money "
        "until somebody deletes it."
    ),
    _C.OLD_OS_DISK_DELETED: gettext_lazy(
        "deleteOption is Delete: the old OS disk %(os_disk)s will be deleted and cannot be recovered."
    ),
    _C.DELETE_OPTION_STAYS_CHANGED: gettext_lazy(
        "deleteOption is changed from %(before)s to %(after)s before the reimage, and stays so afterwards."
    ),
    _C.TEMP_DISK_REIMAGED: gettext_lazy("The temporary disk is reimaged too: what is on it is lost."),
    _C.IMAGE_VERSION_UNPROVEN: gettext_lazy(
        "Image version %(exact_version)s is asked for. Azure may report success without applying it; the portal checks "
        "afterwards and says so."
    ),
    _C.IMAGE_VERSION_KEPT: gettext_lazy("The image version stays as it is."),
    _C.IMAGE_UNKNOWN: gettext_lazy(
        "Azure names no image for this machine. What a reimage does then is not documented by Azure."
    ),
    _C.ADMIN_PASSWORD_SET: gettext_lazy("A new administrator password is set."),
    _C.ADMIN_PASSWORD_AT_RELEASE: gettext_lazy(
        "A new administrator password is set. The requester gives it after the approval; nothing is sent before that. "
        "It has to meet Azure's rules for %(os_type)s: %(minimum)s to %(maximum)s characters of three kinds."
    ),
    _C.ADMIN_PASSWORD_GENERATED: gettext_lazy(
        "A new administrator password is set. The portal makes it right before the reimage by Azure's rules for "
        "%(os_type)s, and shows it to the requester once."
    ),
    _C.CUSTOM_DATA_MUST_MATCH: gettext_lazy(
        "customData is sent. Azure refuses the reimage if it differs from what the machine was created with."
    ),
    _C.IDENTITY_OF_VIRTUAL_MACHINE_STAYS: gettext_lazy(
        "The machine keeps its VM id, its name and its network interfaces."
    ),
    _C.DATA_DISKS_UNDOCUMENTED: gettext_lazy(
        "Whether programs find the data disks as before is not documented by Azure."
    ),
    _C.TEMP_DISK_UNDOCUMENTED: gettext_lazy("What happens to the temporary disk is not documented by Azure."),
    _C.EXTENSIONS_UNDOCUMENTED: gettext_lazy("What happens to VM extensions is not documented by Azure."),
    _C.MANAGED_IDENTITY_UNDOCUMENTED: gettext_lazy(
        "What happens to the machine's managed identity is not documented by Azure."
    ),
    _C.NOT_RUNNING_UNDOCUMENTED: gettext_lazy(
        "The machine is not running (%(power_state)s). What a reimage does then is not documented by Azure."
    ),
}
