"""The one line of JSON that a campaign ends with, and the same as a row of the table in docs/reliability.md."""

import json
from collections.abc import Mapping

from tests.chaos.scale import Scale
from tests.chaos.verdict import Verdict

COLUMNS = (
    "seed",
    "operations",
    "kills",
    "broker_flushes",
    "db_terminations",
    "faults",
    "accepted_posts",
    "duplicate_posts",
    "unapproved_posts",
    "overlaps",
    "lost",
    "needs_attention",
    "undecidable_injected",
    "state_mismatches",
    "audit_gaps",
    "secret_leaks",
    "control_duplicates",
    "recovery_p95_s",
    "passed",
)
Report = dict[str, object]
NO_FIGURE = "-"


def report_of(
    verdict: Verdict, *, seed: int, size: Scale, counts: Mapping[str, int], control: int, recovery_p95_s: float
) -> Report:
    """`passed` only if no promise broke, all that was wanted was asked for, and the negative control was caught."""
    found: Report = dict.fromkeys(COLUMNS, 0)
    found |= {"seed": seed, **counts}
    found |= {name: len(findings) for name, findings in verdict.findings.items()}
    found |= {
        "accepted_posts": verdict.accepted_posts,
        "needs_attention": verdict.needs_attention,
        "undecidable_injected": verdict.undecidable_injected,
        "control_duplicates": control,
        "recovery_p95_s": recovery_p95_s,
    }
    found["passed"] = not shortcomings(verdict, found, size=size)
    return found


def shortcomings(verdict: Verdict, report: Report, *, size: Scale) -> list[str]:
    """Why a campaign did not pass, in sentences; empty if it did."""
    found = [f"{name}: {sentence}" for name, sentences in verdict.findings.items() for sentence in sentences]
    if int(str(report["operations"])) < size.operations:
        found.append(f"only {report['operations']} of {size.operations} operations were asked for")
    if float(str(report["recovery_p95_s"])) > size.recovery_seconds:
        found.append(f"work stood still for {report['recovery_p95_s']} s, more than {size.recovery_seconds:g} s")
    if size.must_recover and not report["recovery_p95_s"]:
        found.append("nothing that died held an operation: no recovery was measured")
    if not report["control_duplicates"]:
        found.append("the negative control was not caught: this campaign is blind")
    return found


def report_in(output: str, *, seed: int) -> Mapping[str, object]:
    """What a campaign has printed. One that ended without its line did not pass, and has no figures."""
    try:
        found = json.loads(output)
    except ValueError:
        found = None
    is_whole = isinstance(found, dict) and found.keys() >= set(COLUMNS)
    return found if is_whole else {"seed": seed, "passed": False}


def table_head() -> str:
    return f"| {' | '.join(COLUMNS)} |\n|{'---:|' * len(COLUMNS)}"


def table_row(report: Mapping[str, object]) -> str:
    return f"| {' | '.join(_cell(report.get(name, NO_FIGURE)) for name in COLUMNS)} |"


def _cell(figure: object) -> str:
    return {True: "yes", False: "**no**"}[figure] if isinstance(figure, bool) else str(figure)
