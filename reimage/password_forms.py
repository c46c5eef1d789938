"""What the requester fills in about passwords after the approval."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.audit.text import visible_line
from reimage import wording
from reimage.models import ReimageOperation
from reimage.services.errors import Finding


class GivePasswordForm(forms.Form):
    """One password for some or all of the machines that wait for theirs."""

    operations = forms.TypedMultipleChoiceField(
        label=_("Machines that get this password"),
        help_text=_("Leave out those that are to get another one, and come back for them."),
        widget=forms.CheckboxSelectMultiple,
        coerce=int,
        error_messages={"required": wording.VIOLATIONS["no_virtual_machine"]},
    )
    admin_password = forms.CharField(
        label=_("New administrator password"),
        help_text=_("It is sealed at once and never shown again."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}, render_value=False),
        strip=False,
    )
    admin_password_again = forms.CharField(
        label=_("The same password again"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}, render_value=False),
        strip=False,
    )

    def __init__(self, *args: Any, awaited: Iterable[ReimageOperation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(operation.pk, visible_line(operation.name)) for operation in awaited]
        self.fields["operations"].choices = choices  # type: ignore[attr-defined]  # a choice field's
        self.fields["operations"].initial = [pk for pk, _name in choices]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("admin_password", "") != data.get("admin_password_again", ""):
            self.add_error("admin_password_again", wording.VIOLATIONS["password_differs"])
        return data

    def report(self, findings: Iterable[Finding]) -> None:
        """Each broken rule at its field."""
        for finding in findings:
            field = finding.violation.field if finding.violation.field in self.fields else None
            self.add_error(field, wording.violation_text(finding.violation))
