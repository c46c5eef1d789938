"""The rules' findings in people's words: one text per code, translated where it is read. Decides nothing."""

from reimage.wording.alarms import ALARMS, HELD
from reimage.wording.consequences import CONSEQUENCES
from reimage.wording.evidence import EVIDENCE
from reimage.wording.notes import NOTES
from reimage.wording.sentences import (
    alarm_text,
    consequence_text,
    drift_text,
    finding_texts,
    has_note_text,
    note_text,
    power_state_text,
    settled_text,
    state_text,
    step_text,
    violation_text,
)
from reimage.wording.states import OPERATION_STATES, POWER_STATES, REQUEST_GROUPS, REQUEST_STATES
from reimage.wording.steps import NEXT
from reimage.wording.violations import CHARACTER_CLASSES, FIELDS, VIOLATIONS

__all__ = [
    "ALARMS",
    "CHARACTER_CLASSES",
    "CONSEQUENCES",
    "EVIDENCE",
    "FIELDS",
    "HELD",
    "NEXT",
    "NOTES",
    "OPERATION_STATES",
    "POWER_STATES",
    "REQUEST_GROUPS",
    "REQUEST_STATES",
    "VIOLATIONS",
    "alarm_text",
    "consequence_text",
    "drift_text",
    "finding_texts",
    "has_note_text",
    "note_text",
    "power_state_text",
    "settled_text",
    "state_text",
    "step_text",
    "violation_text",
]
