"""The chosen machines in groups that share one form, and what changed since a form was shown."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from reimage.domain.virtual_machine import OsType
from reimage.forms import SettingsForm, settings_key
from reimage.models import VirtualMachine
from reimage.services.drafting import TargetSettings
from reimage.services.errors import Finding

Settings = Mapping[int, dict[str, object]]


@dataclass(slots=True)
class Group:
    """Machines that share one form."""

    form: SettingsForm
    machines: list[VirtualMachine]

    @property
    def key(self) -> str:
        return str(self.form.prefix)

    @property
    def resource_keys(self) -> set[str]:
        return {machine.resource_key for machine in self.machines}

    @property
    def seen(self) -> list[tuple[str, str]]:
        """Hidden fields that say how each machine was when the form was made for it."""
        return [(f"seen-{machine.pk}", json.dumps(_looks(self.key, machine))) for machine in self.machines]


@dataclass(frozen=True, slots=True)
class Seen:
    """One machine as a form showed it."""

    prefix: str
    name: str
    os_type: str
    ephemeral: bool
    delete_option: str
    image: str


def groups_of(
    machines: Sequence[VirtualMachine],
    posted: QueryDict | None = None,
    files: MultiValueDict[str, Any] | None = None,
    *,
    initial: Settings | None = None,
) -> list[Group]:
    """One form for each kind of machine, filled in from what was posted, or to begin with from `initial`."""
    by_key: dict[tuple[str, bool, str], list[VirtualMachine]] = {}
    for machine in machines:
        by_key.setdefault(settings_key(machine), []).append(machine)
    return [
        Group(
            SettingsForm(
                posted,
                files,
                prefix=f"g{members[0].pk}",
                os_type=OsType(os_type),
                ephemeral=ephemeral,
                initial=_first_of(members, initial or {}),
            ),
            members,
        )
        for (os_type, ephemeral, _image), members in by_key.items()
    ]


def targets_of(machines: Sequence[VirtualMachine], groups: Sequence[Group]) -> list[TargetSettings]:
    """What the valid forms ask for each machine, in the machines' order."""
    forms = {machine.pk: group.form for group in groups for machine in group.machines}
    return [
        TargetSettings(machine.pk, forms[machine.pk].parameters, forms[machine.pk].delete_option_change)
        for machine in machines
    ]


def placed(findings: Sequence[Finding], groups: Sequence[Group]) -> list[Finding]:
    """Puts what is about a group's field there, once; returns the rest."""
    rest, reported = [], set()
    for finding in findings:
        group = next((g for g in groups if finding.resource_key in g.resource_keys), None)
        if group is None or finding.violation.field not in group.form.fields:
            rest.append(finding)
        elif (group.key, finding.violation) not in reported:
            reported.add((group.key, finding.violation))
            group.form.report([finding.violation])
    return rest


def changes_since(posted: QueryDict, machines: Sequence[VirtualMachine], missing: Sequence[int]) -> list[str]:
    """In words, what of the form is no longer so: machines that are gone for this person, and what became another."""
    gone = [_gone(_seen(posted, machine_id)) for machine_id in missing]
    changed = [
        text for machine in machines if (seen := _seen(posted, machine.pk)) for text in _differences(seen, machine)
    ]
    return [*gone, *changed]


def carried_over(posted: QueryDict, machines: Sequence[VirtualMachine]) -> tuple[QueryDict, list[str]]:
    """What was typed, under the names of the form as it has to be now; and what finds no place in it any more.

    A secret is not carried: the form has no value for it anyway.
    """
    carried, homeless = posted.copy(), []
    for group in groups_of(machines):
        seen = next((found for machine in group.machines if (found := _seen(posted, machine.pk))), None)
        for name, field in group.form.fields.items() if seen else ():
            typed = posted.get(f"{seen.prefix}-{name}", "") if seen else ""
            carried.pop(f"{group.key}-{name}", None)
            if name in group.form.shown_fields:
                carried[f"{group.key}-{name}"] = typed
            elif typed and name not in ("delete_option", "admin_password_again"):
                is_text = name == "custom_data"
                homeless.append(f"{field.label}: {typed}" if is_text else str(field.label))
    return carried, homeless


def _first_of(members: Sequence[VirtualMachine], initial: Settings) -> dict[str, object]:
    return next((initial[machine.pk] for machine in members if machine.pk in initial), {})


def _looks(prefix: str, machine: VirtualMachine) -> list[object]:
    return [prefix, machine.name, machine.os_type, machine.ephemeral, machine.delete_option, machine.image]


def _seen(posted: QueryDict, machine_id: int) -> Seen | None:
    """None where the form said nothing readable of it: then nothing is compared."""
    try:
        prefix, name, os_type, ephemeral, delete_option, image = json.loads(posted.get(f"seen-{machine_id}", ""))
    except (ValueError, TypeError, RecursionError):
        return None
    return Seen(str(prefix), str(name), str(os_type), bool(ephemeral), str(delete_option), str(image))


def _gone(seen: Seen | None) -> str:
    if seen is None:
        return _("A machine of this request does not exist, or you may not request its reimage.")
    return _("%(vm)s does not exist any more, or you may no longer request its reimage.") % {"vm": seen.name}


def _differences(seen: Seen, machine: VirtualMachine) -> list[str]:
    words = {"vm": machine.name, "now": "", "before": ""}
    found = []
    if seen.ephemeral != machine.ephemeral:
        found.append(
            _("%(vm)s now has an ephemeral OS disk; the form was for a managed one.") % words
            if machine.ephemeral
            else _("%(vm)s now has a managed OS disk; the form was for an ephemeral one.") % words
        )
    elif seen.delete_option != machine.delete_option:
        words |= {"now": machine.delete_option, "before": seen.delete_option}
        found.append(_("deleteOption of %(vm)s is now %(now)s; the form showed %(before)s.") % words)
    if seen.os_type != machine.os_type:
        words |= {"now": machine.os_type, "before": seen.os_type}
        found.append(_("%(vm)s now runs %(now)s; the form was for %(before)s.") % words)
    if seen.image != machine.image:
        words |= {"now": machine.image or "–", "before": seen.image or "–"}
        found.append(_("The image of %(vm)s is now %(now)s; the form was for %(before)s.") % words)
    return found
