"""A machine without a browser: the run says loudly what it left out, and CI does not pass."""

import os
import subprocess
import sys

import pytest

from tests.browser import chromium

pytestmark = pytest.mark.own_database


@pytest.fixture
def run_without_a_browser(tmp_path):
    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        bare = {name: value for name, value in os.environ.items() if name != "CI"}
        nowhere = {"PATH": str(tmp_path), "HOME": str(tmp_path), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)}
        command = [sys.executable, "-m", "pytest", "-n0", "-p", "no:cacheprovider", "tests/browser/test_chromium.py"]
        return subprocess.run(command, env=bare | nowhere | environment, capture_output=True, text=True, check=False)

    return run


def test_without_a_browser_the_tests_are_skipped_with_one_loud_line_at_the_end(run_without_a_browser):
    result = run_without_a_browser()
    assert result.returncode == 0, result.stdout
    assert result.stdout.count(f"!!! {chromium.ABSENT} !!!") == 1


def test_without_a_browser_ci_fails(run_without_a_browser):
    result = run_without_a_browser(CI="true")
    assert result.returncode == 1
    assert chromium.ABSENT in result.stdout


def test_the_systems_chromium_is_preferred(tmp_path, monkeypatch):
    program = tmp_path / "chromium-browser"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert chromium.launch_options()["executable_path"] == str(program)


def test_playwrights_own_is_used_where_the_system_has_none(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "executable_path" not in chromium.launch_options()
