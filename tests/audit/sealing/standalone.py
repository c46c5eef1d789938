"""Runs docs/verify_audit.py as somebody does who has an export, a public key, and nothing of ours."""

import subprocess
import sys
from io import StringIO
from pathlib import Path

from django.core.management import call_command

VERIFIER = Path(__file__).resolve().parents[3] / "docs" / "verify_audit.py"
MEMORY_LIMIT = 200 * 1024 * 1024
SECONDS = 120


def verify(export: Path, public_keys: str, *, verifier: Path = VERIFIER, memory: int = MEMORY_LIMIT) -> tuple[int, str]:
    """Exit code and words; with no more bytes of memory than the limit, and without our packages in sight."""
    limited = (
        "import resource, runpy, sys; "
        f"resource.setrlimit(resource.RLIMIT_DATA, ({memory},) * 2); "
        "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, str(verifier), str(export), public_keys],
        cwd="/",
        env={},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    return done.returncode, done.stdout + done.stderr


def export_to(file: Path, *arguments: str) -> Path:
    """An export by the command, of everything unless the arguments select."""
    call_command("audit_export", str(file), *arguments, stderr=StringIO())
    return file
