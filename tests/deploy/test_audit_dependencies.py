"""A known vulnerability fails the check; trouble with the service only warns."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy import audit_dependencies
from deploy.constraints import LOCKS
from tests.ports import free_port

SOUND = {"dependencies": [{"name": "django", "version": "5.2.19", "vulns": []}]}
UNKNOWN = {"dependencies": [{"name": "ours", "skip_reason": "not found"}]}
VULNERABLE = {
    "dependencies": [{"name": "jinja2", "version": "2.0", "vulns": [{"id": "GHSA-1", "fix_versions": ["3.1.6"]}]}]
}


def answer(monkeypatch: pytest.MonkeyPatch, report: Any) -> None:
    """Lets pip-audit say this."""

    def run(command: list[str], **_options: Any) -> None:
        if isinstance(report, Exception):
            raise report
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


@pytest.mark.parametrize("trouble", [UNKNOWN, subprocess.TimeoutExpired("pip-audit", 1)])
def test_a_service_that_does_not_answer_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], trouble: Any
) -> None:
    answer(monkeypatch, trouble)
    assert audit_dependencies.main() == 0
    said = capsys.readouterr().out
    assert "WARNING" in said
    assert "NOT audited" in said


def test_pip_audits_own_words_for_silence_are_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Nothing listens where it is sent, and no earlier answer is at hand."""
    for name in ("PIP_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert audit_dependencies.main() == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [f"WARNING: {lock} was NOT audited: the service did not answer." for lock in LOCKS.values()]


@pytest.mark.asvs("V15.2.1")
@pytest.mark.parametrize("lock", ["django==5.2.8\n", "django===!!\n"])
def test_a_lock_that_cannot_be_audited_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, lock: str
) -> None:
    (tmp_path / "broken.lock").write_text(lock)
    monkeypatch.setattr(audit_dependencies, "ROOT", tmp_path)
    monkeypatch.setattr(audit_dependencies, "LOCKS", {"broken.txt": "broken.lock"})
    assert audit_dependencies.main() == 1
    assert capsys.readouterr().out.startswith("broken.lock cannot be audited: ")
