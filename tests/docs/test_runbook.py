"""Runbook, alerts, checks and figures name each other, and nothing else."""

import re
from typing import Any

import pytest
import yaml
from django.test import Client
from pytest_django import Settings

from portal.health.report import report
from tests.docs.runbook import ROOT, log_events, other_commands, sections, words_looked_for

RULES: list[dict[str, Any]] = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))[
    "groups"
][0]["rules"]
BY_NAME = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])


def test_every_alert_has_its_section_and_every_section_its_alert() -> None:
    assert [rule["alert"] for rule in RULES] == list(sections())


@BY_NAME
def test_an_alert_leads_to_its_section(rule: dict[str, Any]) -> None:
    assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"
    assert rule["annotations"]["summary"]


@BY_NAME
@pytest.mark.django_db
def test_an_alert_asks_for_figures_that_there_are(rule: dict[str, Any], settings: Settings) -> None:
    settings.ACCOUNT_CHECK_SECONDS, settings.AUDIT_PUBLIC_KEYS = 60, "sealed"
    found = report()
    figures = {figure.name: figure for figure in found.figures}
    asked = set(re.findall(r"\b(?:portal|reimage)_\w+", rule["expr"]))
    assert asked <= set(figures)
    for check in re.findall(r'check="(\w+)"', rule["expr"]):
        assert check in {check.name for check in found.checks}
    for state in re.findall(r'state="(\w+)"', rule["expr"]):
        assert (state,) in figures["reimage_operations"].values


@pytest.mark.django_db
def test_every_check_has_an_alert_and_is_named_in_its_section(client: Client, settings: Settings) -> None:
    settings.ACCOUNT_CHECK_SECONDS, settings.AUDIT_PUBLIC_KEYS = 60, "sealed"
    for check in client.get("/readyz").json()["checks"]:
        alert = next(rule["alert"] for rule in RULES if f'check="{check["name"]}"' in rule["expr"])
        assert f"Check `{check['name']}`" in sections()[alert]


def test_every_unit_that_it_restarts_is_one_of_ours_or_the_brokers() -> None:
    named = set(re.findall(r"\breimage-portal-\w+", "\n".join(other_commands())))
    assert {unit for unit in named if not (ROOT / f"deploy/systemd/{unit}.service").is_file()} == set()


SOURCES = "\n".join(
    path.read_text(encoding="utf-8") for room in ("portal", "reimage") for path in (ROOT / room).rglob("*.py")
)


@pytest.mark.parametrize("event", log_events())
def test_every_line_of_the_log_that_it_names_is_written(event: str) -> None:
    assert re.search(rf'\blog(?:ger)?\.\w+\(\s*"{re.escape(event)}"', SOURCES)


@pytest.mark.parametrize("word", words_looked_for())
def test_every_word_that_it_looks_for_in_the_log_is_one_of_ours(word: str) -> None:
    """A whole event, the beginning or end of some, or the code of a note."""
    assert re.search(rf'"(?:\w+\.)?{re.escape(word)}(?:\.\w+)?"', SOURCES)


def test_all_that_it_looks_for_is_found_in_its_text() -> None:
    searches = [command for command in other_commands() if "grep" in command]
    assert len(searches) > 5
    assert all(any(word in command for word in words_looked_for()) for command in searches)
    assert set(log_events()) > {"operation.step", "sweep.failed", "audit.sealing_refused", "notice.given_up"}
