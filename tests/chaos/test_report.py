"""A campaign passes only if it could see, asked for enough, recovered in time, and found nothing."""

import json
from dataclasses import replace

import pytest

from tests.chaos.report import COLUMNS, Report, report_in, report_of, table_head, table_row
from tests.chaos.scale import FULL, QUICK, Scale
from tests.chaos.verdict import Verdict

COUNTS = {"operations": 300, "kills": 60, "broker_flushes": 20, "db_terminations": 100, "faults": 700}


def report(
    verdict: Verdict | None = None,
    *,
    size: Scale = FULL,
    control: int = 3,
    recovery_p95_s: float = 33.0,
    **counts: int,
) -> Report:
    return report_of(
        verdict or Verdict(accepted_posts=280),
        seed=7,
        size=size,
        counts={**COUNTS, **counts},
        control=control,
        recovery_p95_s=recovery_p95_s,
    )


def test_a_clean_one_passes_with_every_figure() -> None:
    found = report()
    assert found["passed"] is True
    assert tuple(found) == COLUMNS


@pytest.mark.parametrize("promise", Verdict().findings)
def test_one_finding_fails_it(promise: str) -> None:
    found = report(replace(Verdict(), **{promise: ["a sentence"]}))
    assert (found[promise], found["passed"]) == (1, False)


def test_a_blind_one_fails() -> None:
    assert report(control=0)["passed"] is False


def test_one_that_recovers_late_fails() -> None:
    assert report(recovery_p95_s=FULL.recovery_seconds + 0.1)["passed"] is False


def test_one_in_which_nothing_had_to_recover_fails_but_for_a_quick_one() -> None:
    assert report(recovery_p95_s=0.0)["passed"] is False
    assert report(recovery_p95_s=0.0, size=QUICK)["passed"] is True
    assert report(recovery_p95_s=0.0, size=QUICK.lasting(2))["passed"] is True


def test_one_that_asked_for_too_little_fails() -> None:
    assert report(operations=299)["passed"] is False


def test_the_table_has_a_cell_for_every_figure() -> None:
    head, line, row = (*table_head().splitlines(), table_row(report()))
    assert head.count("|") == line.count("|") == row.count("|") == len(COLUMNS) + 1
    assert "| 33.0 | yes |" in row


@pytest.mark.parametrize("output", ["", "\n", '{"seed": 3, "oper', "[]", "{}"])
def test_a_campaign_that_died_costs_the_table_its_own_row_alone(output: str) -> None:
    died = report_in(output, seed=3)
    assert died["passed"] is False
    row = table_row(died)
    assert row.startswith("| 3 | - |")
    assert row.endswith(" | **no** |")
    assert row.count("|") == len(COLUMNS) + 1


def test_a_report_is_read_as_it_was_printed() -> None:
    printed = report()
    assert report_in(json.dumps(printed) + "\n", seed=1) == printed
