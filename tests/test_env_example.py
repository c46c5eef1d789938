"""The example of a configuration, held against the contract."""

from pathlib import Path

import pytest

from portal.environment import CONTRACT

EXAMPLE = Path(__file__).resolve().parent.parent / ".env.example"
ASSIGNMENTS = [
    line.removeprefix("# ").split("=", 1)
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines()
    if line.removeprefix("# ").split("=", 1)[0].isupper()
]


def test_every_setting_of_the_contract_appears_once_and_in_its_order():
    assert [name for name, _ in ASSIGNMENTS] == [setting.name for setting in CONTRACT]


def test_every_setting_is_explained_in_the_contracts_words():
    text = EXAMPLE.read_text(encoding="utf-8")
    assert [setting.name for setting in CONTRACT if f"# {setting.meaning}" not in text] == []


@pytest.mark.asvs("V13.3.1")
def test_it_holds_no_value_of_a_secret():
    secret = {setting.name for setting in CONTRACT if setting.secret}
    assert {name: value for name, value in ASSIGNMENTS if name in secret and value} == {}


def test_a_default_is_shown_as_it_is():
    defaults = {setting.name: setting.default for setting in CONTRACT if setting.default is not None}
    assert {name: value for name, value in ASSIGNMENTS if name in defaults} == defaults
