"""What approvers and administrators say with a decision."""

from django import forms
from django.utils.translation import gettext_lazy as _

from reimage.forms import TEXT_MAX


class CommentForm(forms.Form):
    """What an approver or administrator says with a decision."""

    comment = forms.CharField(
        label=_("Comment"), widget=forms.Textarea(attrs={"rows": 2}), max_length=TEXT_MAX, required=False
    )


class RejectForm(forms.Form):
    """A rejection tells the requester why."""

    comment = forms.CharField(
        label=_("Reason"),
        help_text=_("The requester reads it. Say what should be different."),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=TEXT_MAX,
        error_messages={"required": _("A rejection needs a reason: say what should be different.")},
    )


class SettleForm(forms.Form):
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
