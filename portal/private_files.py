"""Files for whoever runs the command, and for nobody else on the machine."""

import os


def owner_only(path: str, flags: int) -> int:
    """An `opener` for open(): a file that it makes has mode 0600, whatever the umask."""
    return os.open(path, flags, 0o600)
