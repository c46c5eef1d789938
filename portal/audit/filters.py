"""What an auditor may look for. Every filter stands in the address, so that a selection can be sent to a colleague."""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

import django_filters
from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.audit import catalogue
from portal.audit.models import AuditEvent, AuditEventQuerySet, Outcome
from portal.audit.subjects import subjects_named

DELETE_WARNING = "delete_warning"
# Dates outside of these cannot be turned into UTC in every zone, and no event is as old or as late.
_DAY_LIMITS = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(9000, 1, 1))]


class EventFilterForm(forms.Form):
    """Checks what no single field can."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("occurred_from"), cleaned.get("occurred_to")
        if first and last and first > last:
            self.add_error("occurred_to", _("The last day lies before the first: choose a later one."))
        return cleaned


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


def _moment(day: date, at: time) -> datetime:
    """That time of the day in the viewer's zone."""
    return timezone.make_aware(datetime.combine(day, at))


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

    class Meta:
        model = AuditEvent
        form = EventFilterForm
        fields: tuple[str, ...] = ()

    def by_person(self, events: AuditEventQuerySet, _name: str, text: str) -> AuditEventQuerySet:
        return events.of_person(text)

    def by_target(self, events: AuditEventQuerySet, _name: str, text: str) -> AuditEventQuerySet:
        return events.about(text)

    def by_subject(self, events: AuditEventQuerySet, _name: str, text: str) -> AuditEventQuerySet:
        """The events of a request, named as people name it (“#12”) or as the log does (“reimage_request:12”)."""
        return events.filter(subject__in=subjects_named(text))

    def with_outcome(self, events: AuditEventQuerySet, _name: str, outcome: str) -> AuditEventQuerySet:
        return events.of_outcome(Outcome(outcome))

    def since_day(self, events: AuditEventQuerySet, _name: str, day: date) -> AuditEventQuerySet:
        return events.filter(occurred_at__gte=_moment(day, time.min))

    def until_day(self, events: AuditEventQuerySet, _name: str, day: date) -> AuditEventQuerySet:
        return events.filter(occurred_at__lte=_moment(day, time.max))

    def with_delete_warning(self, events: AuditEventQuerySet, _name: str, wanted: bool) -> AuditEventQuerySet:
        return events.flagged(DELETE_WARNING) if wanted else events
