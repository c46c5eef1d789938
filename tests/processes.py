"""What the kernel knows of processes that are not our own children. Linux alone."""

import os
import select
from pathlib import Path

PATIENCE_SECONDS = 30


def descendants(pid: int) -> dict[int, str]:
    """Everything that a process has started, and what that has started: pids and command lines."""
    found: dict[int, str] = {}
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text(encoding="ascii").split()):
            found[child] = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            found |= descendants(child)
    return found


def has_ended(pid: int) -> bool:
    """Waits for the end of a process; False when patience ends first."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], PATIENCE_SECONDS)[0])
    finally:
        os.close(descriptor)
