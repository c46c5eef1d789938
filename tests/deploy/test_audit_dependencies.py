"""A known vulnerability fails the check; trouble with the service only warns."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy import audit_dependencies

SOUND = {"dependencies": [{"name": "django", "version": "5.2.19", "vulns": []}]}
UNKNOWN = {"dependencies": [{"name": "ours", "skip_reason": "not found"}]}
VULNERABLE = {
    "dependencies": [{"name": "jinja2", "version": "2.0", "vulns": [{"id": "GHSA-1", "fix_versions": ["3.1.6"]}]}]
}


def answer(monkeypatch: pytest.MonkeyPatch, report: Any) -> None:
    """Lets pip-audit say this; None is no report at all."""

    def run(command: list[str], **_options: Any) -> None:
        if isinstance(report, Exception):
            raise report
        if report is not None:
            Path(command[-1]).write_text(json.dumps(report), encoding="utf-8")

    monkeypatch.setattr(subprocess, "run", run)


@pytest.mark.asvs("V15.2.1")
def test_a_known_vulnerability_is_an_error_that_names_its_mending(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(monkeypatch, VULNERABLE)
    assert audit_dependencies.main() == 1
    assert capsys.readouterr().out == "jinja2 2.0: GHSA-1, mended in 3.1.6\n"


def test_nothing_known_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    answer(monkeypatch, SOUND)
    assert audit_dependencies.main() == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("trouble", [None, UNKNOWN, subprocess.TimeoutExpired("pip-audit", 1), OSError()])
def test_a_service_that_does_not_answer_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], trouble: Any
) -> None:
    answer(monkeypatch, trouble)
    assert audit_dependencies.main() == 0
    said = capsys.readouterr().out
    assert "WARNING" in said
    assert "NOT audited" in said
