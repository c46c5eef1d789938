"""What approvers and administrators say with a decision."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.audit.text import visible_line
from portal.forms import Form
from reimage import wording
from reimage.forms import TEXT_MAX


class CommentForm(Form):
    """What an approver or administrator says with a decision."""

    comment = forms.CharField(
        label=_("Comment"), widget=forms.Textarea(attrs={"rows": 2}), max_length=TEXT_MAX, required=False
    )


class RejectForm(Form):
    """A rejection tells the requester why."""

    comment = forms.CharField(
        label=_("Reason"),
        help_text=_("The requester reads it. Say what should be different."),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=TEXT_MAX,
        error_messages={"required": _("A rejection needs a reason: say what should be different.")},
    )


class SettleForm(Form):
    """An administrator's finding about an operation whose outcome is unknown."""

    executed = forms.ChoiceField(
        label=_("Did the reimage take place?"),
        choices=[
            ("yes", _("Yes: the OS disk was replaced. The portal goes on to verify the machine.")),
            ("no", _("No: Azure did not carry it out. This machine's reimage ends as failed.")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Say whether the reimage took place.")},
    )
    comment = forms.CharField(
        label=_("What did you look at?"),
        help_text=_("The audit log keeps it as the reason."),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=TEXT_MAX,
        error_messages={"required": _("Say what you looked at; the audit log keeps it as the reason.")},
    )
    confirmation = forms.CharField(
        max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._name = name
        self.fields["confirmation"].label = gettext("To confirm, type: %(phrase)s") % {"phrase": visible_line(name)}
        self.fields["confirmation"].error_messages["required"] = self._differs()

    def clean_confirmation(self) -> str:
        typed: str = self.cleaned_data["confirmation"]
        if typed.strip().casefold() != self._name.casefold():
            raise forms.ValidationError(self._differs())
        return typed

    def outcome(self) -> dict[str, Any]:
        """What the service is told."""
        return {**self.cleaned_data, "executed": self.cleaned_data["executed"] == "yes"}

    def _differs(self) -> str:
        return str(wording.VIOLATIONS["confirmation_differs"]) % {"phrase": visible_line(self._name)}
