"""Whatever the rules and the services can say has a text, whose blanks are filled where it is said."""

import re

import pytest
from django.utils import translation

from portal.audit import catalogue as audit_catalogue
from portal.audit.labels import label_of
from reimage import wording
from reimage.domain.consequences import Consequence, ConsequenceCode, Severity
from reimage.domain.errors import RuleViolation
from reimage.domain.operation_states import OperationState
from reimage.domain.passwords import missing_character_classes
from reimage.domain.request_states import RequestState
from tests.languages.codes import Use, detail_keys, note_uses, violation_uses

BLANK = re.compile(r"%\((\w+)\)s")
# Their sentences are put together in wording/sentences.py, not looked up.
COMPOSED = {"password_too_simple", "drifted"}
VERIFICATION = "reimage/domain/verification.py"


def test_every_broken_rule_has_a_text() -> None:
    rules = {use.code for use in violation_uses() if not use.place.startswith(VERIFICATION)}
    assert rules - COMPOSED == set(wording.VIOLATIONS)


def test_every_note_has_a_text() -> None:
    notes = {use.code for use in [*note_uses(), *violation_uses()]}
    assert notes - COMPOSED == set(wording.NOTES)


@pytest.mark.parametrize("use", [*note_uses(), *violation_uses()], ids=lambda use: f"{use.place}-{use.code}")
def test_the_blanks_of_a_text_are_filled_where_it_is_said(use: Use) -> None:
    if use.code not in COMPOSED and use.params is not None:
        assert set(BLANK.findall(str(wording.NOTES[use.code]))) <= use.params


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("code", ConsequenceCode)
def test_every_consequence_has_a_sentence(code: ConsequenceCode, language: str) -> None:
    names = ("os_disk", "before", "after", "exact_version", "power_state", "count", "os_type", "minimum", "maximum")
    params = dict.fromkeys(names, "1")
    with translation.override(language):
        sentence = wording.consequence_text(Consequence(code, Severity.INFO, params))
    assert sentence.endswith("。" if language == "ja" else ".")


def test_every_state_has_a_word() -> None:
    assert set(wording.REQUEST_STATES) == set(RequestState)
    assert set(wording.OPERATION_STATES) == set(OperationState)


def test_every_kind_of_character_that_a_password_lacks_has_a_name() -> None:
    missing = missing_character_classes("")
    assert set(missing) == set(wording.CHARACTER_CLASSES)
    params = {"needed": 3, "missing": ",".join(missing)}
    with translation.override("ja"):
        sentence = wording.violation_text(RuleViolation("admin_password", "password_too_simple", params))
    assert "英小文字、英大文字、数字、特殊文字" in sentence


def test_every_recorded_action_has_a_name_in_both_languages() -> None:
    actions = audit_catalogue.all_actions()
    with translation.override("ja"):
        japanese = {action.name: str(action) for action in actions}
    with translation.override("en"):
        assert [action.name for action in actions if str(action) == japanese[action.name]] == []


def test_every_key_of_a_recorded_detail_has_a_name() -> None:
    """A note is recorded with its blanks; so is what the verification found."""
    said = [*note_uses(), *(use for use in violation_uses() if use.place.startswith(VERIFICATION))]
    keys = detail_keys().union(*(use.params or () for use in said))
    assert {key for key in keys if label_of(key) == key} == set()
