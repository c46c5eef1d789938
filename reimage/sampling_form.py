"""What an auditor says of the sample they want. A shared address means the same everywhere: its zone is in it."""

import secrets
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.audit.sampling import SEED
from portal.forms import Form
from portal.identity.time_zones import is_time_zone
from reimage.sampling import LARGEST_SAMPLE, Period

USUAL_SAMPLE = 25
_DAY_LIMITS = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(9000, 1, 1))]
_SEED = RegexValidator(
    SEED, _("Use up to 64 of the letters a to z and A to Z, digits, full stops, hyphens and underscores.")
)


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, input_formats=["%Y-%m-%d"], validators=_DAY_LIMITS, widget=widget)


class SampleForm(Form):
    """A period, how many, and the seed."""

    first_day = _day(_("First day"))
    last_day = _day(_("Last day"))
    size = forms.IntegerField(label=_("How many requests"), min_value=1, max_value=LARGEST_SAMPLE)
    seed = forms.CharField(
        label=_("Seed"),
        help_text=_("The same seed draws the same requests. This one is proposed at random."),
        validators=[_SEED],
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    zone = forms.CharField(widget=forms.HiddenInput)

    @classmethod
    def proposal(cls) -> "SampleForm":
        """The last month, in the viewer's zone."""
        last = timezone.localdate().replace(day=1) - timedelta(days=1)
        days = {"first_day": last.replace(day=1), "last_day": last}
        zone = str(timezone.get_current_timezone())
        return cls(initial={**days, "size": USUAL_SAMPLE, "seed": secrets.token_hex(8), "zone": zone})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and first > last:
            self.add_error("last_day", _("The last day lies before the first: choose a later one."))
        if not is_time_zone(cleaned.get("zone", "")):
            message = _("The address names the time zone “%(name)s”, which does not exist.")
            self.add_error(None, message % {"name": cleaned.get("zone", "")})
        return cleaned

    @property
    def period(self) -> Period:
        """Of a valid form."""
        cleaned = self.cleaned_data
        return Period(cleaned["first_day"], cleaned["last_day"], cleaned["zone"])
