"""What people fill in. Each form turns posted text into the services' arguments; the rules are the domain's."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.forms import Form
from reimage import wording
from reimage.domain.custom_data import MAX_BYTES, decode_custom_data, encode_custom_data
from reimage.domain.errors import RuleViolation
from reimage.domain.parameters import ReimageParameters, validate_parameters
from reimage.domain.passwords import PasswordMode
from reimage.domain.plan import DeleteOptionChange
from reimage.domain.policy import confirmation_violations
from reimage.domain.virtual_machine import OsType
from reimage.models import GrantRole, PrincipalKind, VirtualMachine
from reimage.services.errors import Finding

TEXT_MAX = 2_000
PASSWORD_HELP = {
    PasswordMode.AT_RELEASE: _("You are asked for it after the approval. Nothing is sent to Azure before that."),
    PasswordMode.GENERATED: _("The portal makes it right before the reimage, and shows it to you once afterwards."),
}


class ReasonForm(Form):
    """Why, for the whole request."""

    justification = forms.CharField(
        label=_("Why should the machines be reimaged?"),
        help_text=_("The approver decides by this, and the audit log keeps it. No passwords here."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=TEXT_MAX,
        error_messages={"required": wording.VIOLATIONS["justification_missing"]},
    )
    ticket = forms.CharField(
        label=_("Ticket"), help_text=_("Optional, for example INC-1234."), max_length=100, required=False
    )


class SettingsForm(Form):
    """The settings of the machines that share an operating system, an image and the kind of OS disk."""

    checked_as = {"custom_data_file": "custom_data", "custom_data_is_base64": "custom_data"}

    temp_disk = forms.BooleanField(
        label=_("Reimage the temporary disk too (tempDisk)"),
        help_text=_("What is on the temporary disk is lost."),
        required=False,
    )
    delete_option = forms.ChoiceField(
        label=_("The old OS disk (deleteOption)"),
        help_text=_("The option is set before the reimage, and stays so afterwards."),
        choices=[
            (DeleteOptionChange.KEEP, _("Leave deleteOption as it is")),
            (DeleteOptionChange.DETACH, _("Set Detach first: the old OS disk is kept")),
            (DeleteOptionChange.DELETE, _("Set Delete first: the old OS disk is lost for good")),
        ],
        initial=DeleteOptionChange.KEEP,
        required=False,
    )
    exact_version = forms.CharField(
        label=_("Image version (exactVersion)"),
        help_text=_("Empty keeps the present version."),
        required=False,
        strip=False,
    )
    admin_password = forms.CharField(
        label=_("New administrator password"),
        help_text=_("Empty changes nothing. It is sealed at once and never shown again."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}, render_value=False),
        required=False,
        strip=False,
    )
    admin_password_again = forms.CharField(
        label=_("The same password again"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}, render_value=False),
        required=False,
        strip=False,
    )
    sets_admin_password = forms.BooleanField(label=_("Set a new administrator password"), required=False)
    custom_data = forms.CharField(
        label=_("customData as text"),
        help_text=_(
            "For example a cloud-init file; the portal encodes it. It must hold no secrets: Azure does not protect it."
        ),
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"}),
        required=False,
        strip=False,
    )
    custom_data_file = forms.FileField(label=_("… or as a file"), required=False)
    custom_data_is_base64 = forms.BooleanField(label=_("The text or file is base64 already"), required=False)

    def __init__(self, *args: Any, os_type: OsType, ephemeral: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.os_type, self.ephemeral = os_type, ephemeral
        self.parameters = ReimageParameters()
        self.password_mode = PasswordMode(settings.PASSWORD_MODE)
        self.fields["sets_admin_password"].help_text = PASSWORD_HELP.get(self.password_mode, "")
        # Not autocomplete="off": browsers restore no such field when somebody comes back to the page.
        self.fields["exact_version"].widget.attrs |= {"list": self.versions_id}

    def praise(self, name: str) -> str:
        """What a check says of a field that is right; empty where there is nothing to say."""
        if name in self.errors:
            return ""
        parameters = self.parameters
        if name == "admin_password" and parameters.admin_password:
            return gettext("The password meets the rules for %(os_type)s.") % {"os_type": self.os_type}
        if name == "custom_data" and parameters.custom_data:
            sizes = {"bytes": len(decode_custom_data(parameters.custom_data)), "maximum": MAX_BYTES}
            return gettext("%(bytes)s bytes of at most %(maximum)s.") % sizes
        return ""

    @property
    def versions_id(self) -> str:
        """The id of the list of suggested image versions."""
        return f"{self.prefix}-versions"

    @property
    def shown_fields(self) -> list[str]:
        """The fields that Azure knows for this kind of OS disk."""
        if self.ephemeral:
            return ["temp_disk", "exact_version"]
        own = ["custom_data", "custom_data_file", "custom_data_is_base64"]
        typed = ["admin_password", "admin_password_again"]
        password = typed if self.password_mode is PasswordMode.SEALED else ["sets_admin_password"]
        return ["delete_option", "exact_version", *password, *own]

    @property
    def delete_option_change(self) -> DeleteOptionChange:
        return DeleteOptionChange(self.cleaned_data.get("delete_option") or DeleteOptionChange.KEEP)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("admin_password", "") != data.get("admin_password_again", ""):
            self.report([RuleViolation("admin_password_again", "password_differs")])
        self.parameters = ReimageParameters(
            temp_disk=data.get("temp_disk") or None,
            exact_version=data.get("exact_version") or None,
            admin_password=data.get("admin_password") or None,
            promised_password=self.password_mode if data.get("sets_admin_password") else None,
            custom_data=self._custom_data(data),
        )
        self.report(validate_parameters(self.parameters, os_type=self.os_type, ephemeral=self.ephemeral))
        return data

    def report(self, violations: Iterable[RuleViolation]) -> None:
        """Each rule at its field; at the form where the field is not one of this kind's."""
        for violation in violations:
            shown = violation.field in self.shown_fields
            field = violation.field if shown else None
            self.add_error(field, ValidationError(wording.violation_text(violation), code=violation.code))

    def _custom_data(self, data: dict[str, Any]) -> str | None:
        text, upload = data.get("custom_data") or "", data.get("custom_data_file")
        if text and upload:
            self.report([RuleViolation("custom_data", "custom_data_twice")])
            return None
        # Read whole, so that its real size is told where it is too long; BodyLimitMiddleware keeps it within memory.
        content = upload.read() if upload else text.replace("\r\n", "\n").encode()
        if not content:
            return None
        if not data.get("custom_data_is_base64"):
            return encode_custom_data(content)
        return content.decode("ascii", errors="replace")


class ConfirmForm(Form):
    """The last word of the requester; the tick is asked for where a disk will be deleted."""

    confirmation = forms.CharField(
        max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"})
    )
    accepts_disk_deletion = forms.BooleanField(
        label=_("I understand that an old OS disk will be deleted and cannot be recovered."),
        error_messages={"required": wording.VIOLATIONS["disk_deletion_not_accepted"]},
    )

    def __init__(self, *args: Any, phrase: str, destroys_a_disk: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.phrase = phrase
        confirmation = self.fields["confirmation"]
        confirmation.label = gettext("To confirm, type: %(phrase)s") % {"phrase": phrase}
        confirmation.error_messages["required"] = wording.VIOLATIONS["confirmation_differs"] % {"phrase": phrase}
        self.fields["accepts_disk_deletion"].required = destroys_a_disk
        if not destroys_a_disk:
            self.fields["accepts_disk_deletion"].widget = forms.HiddenInput()

    def clean_confirmation(self) -> str:
        typed: str = self.cleaned_data["confirmation"]
        for violation in confirmation_violations(typed, self.phrase):
            raise ValidationError(wording.violation_text(violation))
        return typed


class GrantForm(Form):
    """A new grant."""

    principal_kind = forms.ChoiceField(label=_("For a"), choices=PrincipalKind.choices)
    principal_id = forms.UUIDField(
        label=_("Object id"), help_text=_("The id of the person or group in Microsoft Entra ID.")
    )
    principal_label = forms.CharField(label=_("Name for display"), max_length=256, required=False)
    role = forms.ChoiceField(label=_("Role"), choices=GrantRole.choices)
    scope = forms.CharField(
        label=_("Scope"),
        help_text=_("A subscription, resource group or machine: its resource id, beginning with /subscriptions/."),
        max_length=512,
    )
    tag_name = forms.CharField(label=_("Only with the tag"), max_length=512, required=False)
    tag_value = forms.CharField(label=_("and its value"), max_length=256, required=False)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("tag_value") and not data.get("tag_name"):
            self.add_error("tag_name", _("Give the tag's name too."))
        return data


class MachineFilterForm(Form):
    """What the list of machines is narrowed by; kept in the address."""

    q = forms.CharField(label=_("Name"), required=False, max_length=100)
    resource_group = forms.CharField(label=_("Resource group"), required=False, max_length=90)
    os_type = forms.ChoiceField(
        label=_("Operating system"), required=False, choices=[("", _("any")), *((os, os) for os in OsType)]
    )
    disk = forms.ChoiceField(
        label=_("OS disk"),
        required=False,
        choices=[
            ("", _("any")),
            ("managed", _("managed")),
            ("ephemeral", _("ephemeral")),
            ("delete", _("deleted at a reimage")),
        ],
    )


def finding_texts(findings: Iterable[Finding]) -> list[str]:
    """Findings that belong to no field, as sentences."""
    return [wording.violation_text(finding.violation) for finding in findings]


def settings_key(machine: VirtualMachine) -> tuple[str, bool, str]:
    """Machines of one key share a SettingsForm."""
    return machine.os_type, machine.ephemeral, machine.image
