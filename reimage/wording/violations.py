"""One sentence for each rule that can be broken: what, and how to correct it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy

FIELDS = {
    "resource_id": gettext_lazy("resource id"),
    "vm_id": gettext_lazy("VM id (another machine of the same name)"),
    "location": gettext_lazy("location"),
    "os_type": gettext_lazy("operating system"),
    "image_urn": gettext_lazy("image"),
    "image_id": gettext_lazy("image"),
    "image_exact_version": gettext_lazy("image version"),
    "os_disk_id": gettext_lazy("OS disk"),
    "ephemeral": gettext_lazy("ephemeral OS disk"),
    "delete_option": gettext_lazy("deleteOption of the OS disk"),
}

CHARACTER_CLASSES = {
    "lower": gettext_lazy("a lower-case letter"),
    "upper": gettext_lazy("an upper-case letter"),
    "digit": gettext_lazy("a digit"),
    "special": gettext_lazy("a special character"),
}

VIOLATIONS: Mapping[str, Any] = {
    "no_virtual_machine": gettext_lazy("No machine is chosen. Choose at least one."),
    "too_many_virtual_machines": gettext_lazy(
        "%(count)s machines are chosen; a request holds at most %(maximum)s. Split it into several requests."
    ),
    "virtual_machine_repeated": gettext_lazy("A machine is named twice. Choose each machine once."),
    "virtual_machine_vanished": gettext_lazy("%(vm)s no longer exists in Azure. Take it out of the request."),
    "virtual_machine_busy": gettext_lazy(
        "Azure is busy with %(vm)s (%(provisioning_state)s). Wait until that has ended, then try again."
    ),
    "virtual_machine_has_open_request": gettext_lazy(
        "%(vm)s already has an open request. Wait for it to end, or have it canceled."
    ),
    "virtual_machine_not_covered": gettext_lazy(
        "You are not an approver for %(vm)s. Ask an administrator for a grant."
    ),
    "own_request": gettext_lazy(
        "This is your own request: a second person has to decide. Ask one of the approvers named on the page."
    ),
    "os_disk_unmanaged": gettext_lazy(
        "The OS disk of %(vm)s is not a managed disk, so the portal cannot tell its fate. Reimage it in Azure itself."
    ),
    "temp_disk_needs_ephemeral": gettext_lazy(
        "tempDisk is only supported for machines with an ephemeral OS disk. Leave it off for this machine."
    ),
    "os_profile_needs_non_ephemeral": gettext_lazy(
        "A password or customData can only be given for a machine whose OS disk is not ephemeral. Leave it empty."
    ),
    "exact_version_blank": gettext_lazy("The version is blank. Leave the field empty to keep the present version."),
    "exact_version_too_long": gettext_lazy("The version has more than %(maximum)s characters. Copy it from the list."),
    "exact_version_characters": gettext_lazy(
        "The version may hold letters, digits, and . _ - only, beginning with a letter or digit. Copy it from the list."
    ),
    "password_too_short": gettext_lazy("For %(os_type)s the password needs at least %(minimum)s characters."),
    "password_too_long": gettext_lazy("For %(os_type)s the password may have at most %(maximum)s characters."),
    "password_control_character": gettext_lazy(
        "The password holds a control character, such as a line break or a tab, "
        "which no sign-in screen takes. Delete it."
    ),
    "password_disallowed": gettext_lazy("Azure refuses this well-known password. Choose another one."),
    "password_mode_differs": gettext_lazy(
        "The portal takes passwords in another way since this form was opened. Reload the page and fill it in again."
    ),
    "password_differs": gettext_lazy("The two passwords are not the same. Type both again."),
    "custom_data_not_base64": gettext_lazy(
        "This is not base64 (A–Z, a–z, 0–9, +, /, padded with =). Mend it; or untick “The text or file is base64 "
        "already”, and the portal encodes it for you."
    ),
    "custom_data_empty": gettext_lazy("customData is empty. Leave the field empty, or give some content."),
    "custom_data_too_long": gettext_lazy(
        "customData has %(bytes)s bytes; Azure takes at most %(maximum)s. Shorten it."
    ),
    "custom_data_twice": gettext_lazy("Give customData as text or as a file, not both."),
    "delete_option_fixed_for_ephemeral": gettext_lazy(
        "%(vm)s has an ephemeral OS disk, whose deleteOption cannot be changed. Leave it as it is."
    ),
    "justification_missing": gettext_lazy("Say why the machines should be reimaged; the approver decides by it."),
    "confirmation_differs": gettext_lazy("Type “%(phrase)s” to confirm."),
    "disk_deletion_not_accepted": gettext_lazy(
        "An old OS disk will be deleted and cannot be recovered. Tick the box to confirm that, or go back and change "
        "deleteOption to Detach."
    ),
}
