"""What an auditor may look for. Every filter stands in the address, so that a selection can be sent to a colleague."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import django_filters
from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.audit import catalogue, text_search
from portal.audit.models import AuditEvent, AuditEventQuerySet, Outcome
from portal.audit.subjects import subjects_named
from portal.forms import Form
from portal.identity.time_zones import is_time_zone

DELETE_WARNING = "delete_warning"
PAGING = {"newer", "older"}
DAYS = {"occurred_from", "occurred_to"}
_REQUEST = re.compile(r"#?\d{1,18}|[a-z_]+:[A-Za-z0-9-]+")
# Dates outside of these cannot be turned into UTC in every zone, and no event is as old or as late.
_DAY_LIMITS = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(9000, 1, 1))]


class EventFilterForm(Form):
    """Checks what no single field can, and what would make an address say less, or more, than it seems to."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("occurred_from"), cleaned.get("occurred_to")
        if first and last and first > last:
            self.add_error("occurred_to", _("The last day lies before the first: choose a later one."))
        if first and "zone" in cleaned and _moment(first, time.min, cleaned["zone"]) > timezone.now():
            self.add_error("occurred_from", _("This day has not come yet, so nothing has happened since."))
        self._check_names()
        return cleaned

    def clean_zone(self) -> str:
        """The days' time zone: the same address finds the same events wherever it is opened."""
        name: str = self.cleaned_data["zone"]
        if not is_time_zone(name):
            message = _("The address names the time zone “%(name)s”, which does not exist.") % {"name": name}
            self.add_error(None, message)
            raise forms.ValidationError(message)
        return name

    def clean_subject(self) -> str:
        """A number in any width of digits, as Japanese keyboards write them."""
        text = unicodedata.normalize("NFKC", self.cleaned_data["subject"]).strip()
        if text and not _REQUEST.fullmatch(text):
            raise forms.ValidationError(_("Write the request's number, for example #12."))
        return text

    def _check_names(self) -> None:
        """An address that was mistyped must not look like a selection, and show all events."""
        for name in sorted(set(self.data) - set(self.fields) - PAGING):
            self.add_error(
                None,
                _("There is no filter “%(name)s”. Remove it by its cross, or correct the address.") % {"name": name},
            )
        given = getattr(self.data, "getlist", lambda name: [self.data.get(name)])
        for name, field in self.fields.items():
            if len(given(name)) > 1:
                text = _("The filter “%(name)s” stands in the address twice; one value can be looked for.")
                self.add_error(None, text % {"name": field.label})


def _action_choices() -> list[tuple[str, str]]:
    return sorted(((action.name, str(action.label)) for action in catalogue.all_actions()), key=lambda item: item[1])


def _text(label: object, method: str, placeholder: object) -> django_filters.CharFilter:
    widget = forms.TextInput(attrs={"class": "form-control", "placeholder": placeholder, "maxlength": 200})
    return django_filters.CharFilter(label=label, method=method, max_length=200, widget=widget)


def _choice(
    label: object, choices: Callable[[], object] | object, method: str | None = None
) -> django_filters.ChoiceFilter:
    widget = forms.Select(attrs={"class": "form-select"})
    return django_filters.ChoiceFilter(label=label, choices=choices, method=method, empty_label=_("All"), widget=widget)


def _day(label: object, method: str) -> django_filters.DateFilter:
    widget = forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d")
    return django_filters.DateFilter(
        label=label, method=method, input_formats=["%Y-%m-%d"], validators=_DAY_LIMITS, widget=widget
    )


def _moment(day: date, at: time, zone: str) -> datetime:
    """That time of the day there."""
    return timezone.make_aware(datetime.combine(day, at), ZoneInfo(zone))


class EventFilter(django_filters.FilterSet):
    """The filters of the list and of the export."""

    person = _text(_("Person"), "by_person", _("Name or object id"))
    target = _text(_("Machine or object"), "by_target", _("Name or id"))
    subject = _text(_("Request"), "by_subject", _("For example #12"))
    action = _choice(_("Action"), _action_choices)
    outcome = _choice(_("Outcome"), Outcome.choices, "with_outcome")
    occurred_from = _day(_("From"), "since_day")
    occurred_to = _day(_("To"), "until_day")
    delete_warning = django_filters.BooleanFilter(
        label=_("With Delete warning"), method="with_delete_warning", widget=forms.CheckboxInput
    )

    zone = django_filters.CharFilter(label=_("Time zone"), method="in_zone", widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, str], queryset: AuditEventQuerySet) -> None:
        asked = data.copy() if isinstance(data, QueryDict) else dict(data)
        if not asked.get("zone"):
            asked["zone"] = str(timezone.get_current_timezone())
        super().__init__(asked, queryset)

    @property
    def chosen(self) -> dict[str, str]:
        """What is looked for, by filter, as it was typed; the zone only where a day was chosen."""
        found = {name: str(self.data[name]) for name in self.filters if name != "zone" and self.data.get(name)}
        return found | {"zone": str(self.data["zone"])} if DAYS & found.keys() else found

    class Meta:
        model = AuditEvent
        form = EventFilterForm
        fields: tuple[str, ...] = ()

    def by_person(self, events: AuditEventQuerySet, _name: str, text: str) -> AuditEventQuerySet:
        return text_search.of_person(events, text)

    def by_target(self, events: AuditEventQuerySet, _name: str, text: str) -> AuditEventQuerySet:
        return text_search.about(events, text)

    def by_subject(self, events: AuditEventQuerySet, _name: str, text: str) -> AuditEventQuerySet:
        """The events of a request, named as people name it (“#12”) or as the log does (“reimage_request:12”)."""
        return events.filter(subject__in=subjects_named(text))

    def with_outcome(self, events: AuditEventQuerySet, _name: str, outcome: str) -> AuditEventQuerySet:
        return events.of_outcome(Outcome(outcome))

    def since_day(self, events: AuditEventQuerySet, _name: str, day: date) -> AuditEventQuerySet:
        return events.filter(occurred_at__gte=_moment(day, time.min, self.form.cleaned_data["zone"]))

    def until_day(self, events: AuditEventQuerySet, _name: str, day: date) -> AuditEventQuerySet:
        return events.filter(occurred_at__lte=_moment(day, time.max, self.form.cleaned_data["zone"]))

    def with_delete_warning(self, events: AuditEventQuerySet, _name: str, wanted: bool) -> AuditEventQuerySet:
        return events.flagged(DELETE_WARNING) if wanted else events

    def in_zone(self, events: AuditEventQuerySet, _name: str, _zone: str) -> AuditEventQuerySet:
        """What days mean; it selects nothing by itself."""
        return events
