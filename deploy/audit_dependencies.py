"""Asks for known vulnerabilities of what the portal installs: python -m deploy.audit_dependencies

A finding is an error, and so is an audit that cannot be made. A service that cannot be reached, or does not know a
package, is a warning: builds go on.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from deploy.constraints import LOCKS, ROOT

SECONDS = 300
# How pip-audit and its HTTP library tell that nobody answered; all else is trouble of our own.
NO_ANSWER = re.compile(
    r"Could not connect|not redirecting|Max retries exceeded|ConnectionError|Timeout|HTTPError|ServiceError"
)
OPTIONS = ["--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off", "--timeout", "15"]


class NoAnswer(Exception):
    """The service told nothing."""


class AuditFailed(Exception):
    """pip-audit is not there, or cannot read the lock; the message is its last word."""


def findings_of(report: dict[str, Any]) -> list[str]:
    """One line for each known vulnerability."""
    return [
        f"{package['name']} {package['version']}: {found['id']}, mended in {_versions(found)}"
        for package in report["dependencies"]
        for found in package.get("vulns", [])
    ]


def _versions(found: dict[str, Any]) -> str:
    return ", ".join(found["fix_versions"]) or "no version"


def unknown_of(report: dict[str, Any]) -> list[str]:
    """Packages that could not be judged."""
    return [package["name"] for package in report["dependencies"] if "skip_reason" in package]


def _report(lock: Path) -> dict[str, Any]:
    """pip-audit's report. Raises NoAnswer or AuditFailed where there is none."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip_audit", *OPTIONS, "--requirement", str(lock), "--output", str(file)]
        # It exits with 1 for findings and for its own trouble alike: only the report tells them apart.
        try:
            ran = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise NoAnswer from None
        if not file.exists():
            raise NoAnswer if NO_ANSWER.search(ran.stderr) else AuditFailed(_last_line(ran.stderr))
        report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return report


def _last_line(text: str) -> str:
    return next(reversed(text.strip().splitlines()), "it said nothing")


def main() -> int:
    """1 where a vulnerability is known, or a lock cannot be audited by a mistake of our own."""
    found, unknown = set[str](), set[str]()
    for lock in LOCKS.values():
        try:
            report = _report(ROOT / lock)
        except NoAnswer:
            print(f"WARNING: {lock} was NOT audited: the service did not answer.")
            continue
        except AuditFailed as err:
            found.add(f"{lock} cannot be audited: {err}")
            continue
        found |= set(findings_of(report))
        unknown |= set(unknown_of(report))
    if unknown:
        few = ", ".join(sorted(unknown)[:5])
        print(f"WARNING: {len(unknown)} packages were NOT audited, the service does not know them: {few} …")
    for line in sorted(found):
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
