"""Files for whoever runs the command, and for nobody else on the machine."""

import os
import stat
from pathlib import Path


class PrivateFileProblem(Exception):
    """A file with a secret cannot be used. The message goes on after its name, and holds nothing of its content."""


def owner_only(path: str, flags: int) -> int:
    """An `opener` for open(): a file that it makes has mode 0600, whatever the umask."""
    return os.open(path, flags, 0o600)


def read_private_file(file: Path) -> bytes:
    """Raises PrivateFileProblem for one that is missing, or open to others: the group is the web process's too."""
    try:
        mode, content = file.stat().st_mode, file.read_bytes()
    except OSError as err:
        raise PrivateFileProblem(f"cannot be read: {err.strerror}") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise PrivateFileProblem("is open to others: chmod 0400 it, or make a new one")
    return content
