"""The filters in force, each with the address that does without it."""

from collections.abc import Iterator
from dataclasses import dataclass

from django import forms
from django.http import QueryDict

from portal.audit.filters import DAYS, PAGING, EventFilter


@dataclass(frozen=True)
class Chip:
    """What is looked for in people's words; `rest` is the query of the address without it."""

    label: str
    value: str
    rest: str


def chips_of(selection: EventFilter, asked: QueryDict) -> Iterator[Chip]:
    """One for each filter of the address, those that do not exist among them: those above all must go."""
    for name in asked:
        if name == "zone" or name in PAGING or not any(asked.getlist(name)):
            continue
        field = selection.form.fields.get(name)
        label = str(field.label) if field else name
        yield Chip(label, _words(name, field, asked.get(name, ""), selection.data["zone"]), _without(asked, name))


def _words(name: str, field: forms.Field | None, value: str, zone: str) -> str:
    if isinstance(field, forms.ChoiceField):
        return str(dict(field.choices).get(value, value))  # type: ignore[arg-type]  # pairs, as no filter groups them
    if field and isinstance(field.widget, forms.CheckboxInput):
        return ""
    return f"{value} ({zone})" if name in DAYS else value


def _without(asked: QueryDict, *names: str) -> str:
    rest = asked.copy()
    for name in (*names, *PAGING):
        rest.pop(name, None)
    return f"?{rest.urlencode()}"
