"""From a finding to the sentence that people read, translated where it is read."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reimage import audit_actions
from reimage.domain.consequences import Consequence, ConsequenceCode
from reimage.domain.drift import FieldDrift
from reimage.domain.errors import RuleViolation
from reimage.models import ApprovalDecision, DecisionOutcome
from reimage.wording.alarms import ALARMS
from reimage.wording.consequences import CONSEQUENCES
from reimage.wording.notes import NOTES
from reimage.wording.states import OPERATION_STATES, POWER_STATES, REQUEST_STATES
from reimage.wording.steps import ENDED_AT_AZURE, STEPS
from reimage.wording.violations import CHARACTER_CLASSES, FIELDS, VIOLATIONS

Params = Mapping[str, Any]


def consequence_text(consequence: Consequence) -> str:
    """One consequence of the plan as a sentence."""
    params = {"os_disk": "–", **_named(consequence.params)}
    if consequence.code is ConsequenceCode.DATA_DISKS_NOT_TOUCHED:
        count = int(params["count"])
        return ngettext(
            "The %(count)s data disk is not touched by the documented operation.",
            "The %(count)s data disks are not touched by the documented operation.",
            count,
        ) % {"count": count}
    return str(CONSEQUENCES[consequence.code]) % params


def violation_text(violation: RuleViolation) -> str:
    """A broken rule as a sentence that says how to mend it."""
    if violation.code == "password_too_simple":
        missing = [str(CHARACTER_CLASSES[name]) for name in str(violation.params["missing"]).split(",")]
        return _("The password needs %(needed)s of four kinds of characters; it lacks: %(missing)s.") % {
            "needed": violation.params["needed"],
            "missing": _(", ").join(missing),
        }
    return str(VIOLATIONS[violation.code]) % _named(violation.params)


def note_text(note: Params) -> str:
    """Why an operation waits, stopped, or what was found afterwards; empty for none."""
    if not note:
        return ""
    if not isinstance(note, Mapping) or not isinstance(note.get("code"), str):  # a hand in the database
        return _unknown(str(note))
    params = note["params"] if isinstance(note.get("params"), Mapping) else {}
    if note["code"] == "drifted":
        return drift_text(FieldDrift(str(params.get("field")), params.get("approved"), params.get("found")))
    return str(NOTES[note["code"]]) % _named(params) if note["code"] in NOTES else _unknown(note["code"])


def finding_texts(findings: object) -> list[str]:
    """Each as a sentence."""
    return [note_text(finding) for finding in findings] if isinstance(findings, list) else [_unknown(str(findings))]


def alarm_text(code: str, params: Params) -> str:
    """What holds execution up, as a sentence."""
    return str(ALARMS[code]) % _named(params) if code in ALARMS else _unknown(code)


def _unknown(code: str) -> str:
    """What a later version stored, before this one was put back: the runbook asks for that at times."""
    return _("Something that this version of the portal does not know: %(code)s") % {"code": code}


def drift_text(difference: FieldDrift) -> str:
    """One field that is not as approved."""
    return _("%(field)s: %(approved)s in the plan, %(found)s now") % {
        "field": FIELDS.get(difference.field, difference.field),
        "approved": _value(difference.approved),
        "found": _value(difference.found),
    }


def settled_text(pk: int, state: str, decision: ApprovalDecision | None) -> str:
    """Why a late decision or cancellation came to nothing."""
    if decision is None:
        return _("Request #%(id)s can no longer be changed: %(state)s.") % {
            "id": pk,
            "state": state_text(state),
        }
    texts: dict[str, Callable[[], str]] = {
        DecisionOutcome.APPROVED: lambda: _("Request #%(id)s was already approved by %(name)s at %(time)s."),
        DecisionOutcome.REJECTED: lambda: _("Request #%(id)s was already rejected by %(name)s at %(time)s."),
    }
    when = date_format(localtime(decision.decided_at), "Y-m-d H:i T")
    return texts[decision.outcome]() % {"id": pk, "name": decision.approver, "time": when}


def state_text(state: str) -> str:
    """A request's or an operation's state; those that both have are called the same."""
    word = REQUEST_STATES.get(state) or OPERATION_STATES.get(state)
    return str(word) if word else _unknown(state)


def _value(value: str | bool | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)


class _Named(dict[str, Any]):
    """Azure may leave a word out; a sentence is not lost for that."""

    def __missing__(self, key: str) -> str:
        return "–"


def _named(params: Params) -> _Named:
    """The blanks of a sentence; a power state in the reader's words."""
    state = params.get("power_state")
    return _Named(params if state is None else {**params, "power_state": power_state_text(str(state))})


def power_state_text(state: str) -> str:
    """In words; as Azure says it where it is a new one."""
    return str(POWER_STATES.get(state.lower(), state))


def has_note_text(note: Params) -> bool:
    """Whether it is a note at all, with a code that this version knows: the log is older than the code."""
    return note.get("code") in NOTES or note.get("code") == "drifted"


def step_text(action: str, detail: Params) -> str:
    """What a recorded step means; empty for one that speaks for itself."""
    if action == audit_actions.OPERATION_ENDED_AT_AZURE.name:
        return str(ENDED_AT_AZURE.get(str(detail.get("status", "")).lower(), STEPS[action]))
    return str(STEPS.get(action, ""))
