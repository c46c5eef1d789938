"""What the kernel counted for a process: CPU seconds and resident memory. Linux alone."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
KIB_PER_MB = 1024


def cpu_seconds(pid: int) -> float:
    """Of the process and its threads, in user and kernel mode, so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_rss_mb(pid: int) -> float:
    """The most memory it ever held."""
    return _status(pid, "VmHWM")


def rss_mb(pid: int) -> float:
    """The memory it holds now."""
    return _status(pid, "VmRSS")


def _status(pid: int, name: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    value = next(line.split()[1] for line in lines if line.startswith(f"{name}:"))
    return int(value) / KIB_PER_MB
