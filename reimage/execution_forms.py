"""What administrators say when they hold execution up or let it go on."""

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms import Form
from reimage.forms import TEXT_MAX
from reimage.services.breaker import MOST_AT_ONCE


class PauseForm(Form):
    """Everybody is told the reason."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Everybody reads it, on every page."),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=TEXT_MAX,
        error_messages={"required": _("Say why execution is paused; everybody reads it on every page.")},
    )


class ReleaseForm(Form):
    """How many may pass before the breaker counts again."""

    reimages = forms.IntegerField(
        label=_("How many to let through"),
        help_text=_("Within the next hour. After that many the breaker counts again."),
        min_value=1,
        max_value=MOST_AT_ONCE,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
