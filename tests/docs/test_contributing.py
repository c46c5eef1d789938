"""CONTRIBUTING.md's commands do what it says of them."""

import os
import re
import subprocess
import sys
from pathlib import Path

from deploy.demo.ports import DEFAULTS

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_environment_by_hand_is_that_of_the_demo_on_other_ports(tmp_path: Path) -> None:
    (started_with,) = re.findall(r"`make demo (DEMO_PORT=[^`]+)`", DOCUMENT)
    (exported,) = re.findall(r"^    export (.+)$", DOCUMENT, flags=re.MULTILINE)
    assert exported == started_with
    ports = dict(assignment.split("=") for assignment in exported.split())
    assert set(ports) == set(DEFAULTS)
    bare = {name: value for name, value in os.environ.items() if not name.startswith("DEMO_")}
    printed = subprocess.run(  # noqa: S602  # the line of the document, as a shell reads it
        f"export {exported}; '{sys.executable}' -m deploy.demo --env",
        shell=True,
        cwd=ROOT,
        env={**bare, "DEMO_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert f"export PUBLIC_URL=http://localhost:{ports['DEMO_PORT']}\n" in printed
    assert f"export AZURE_RESOURCE_MANAGER=https://localhost:{ports['DEMO_SANDBOX_HTTPS_PORT']}\n" in printed
