"""The runbook's sections and commands, for tests that hold them against the code and run them."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = frozenset({"env", "md", "pem", "py", "yml"})
TEXT = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")


def sections() -> dict[str, str]:
    """Heading and text of each alarm."""
    parts = re.split(r"^## (.+)$", TEXT, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def commands_to_try() -> list[str]:
    """The commands that are said to be tested, one a line, without repetition."""
    blocks = re.findall(r"^```sh tested\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
    return list(dict.fromkeys(line for block in blocks for line in block.splitlines()))


def other_commands() -> list[str]:
    """Those for systemd and Azure, which no test has."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def words_looked_for() -> list[str]:
    """What its commands search the log for."""
    patterns = re.findall(r"\| grep (?:-E )?(?:'([^']+)'|(\S+))", TEXT)
    return sorted({word for quoted, bare in patterns for word in (quoted or bare).split("|")})


def log_events() -> list[str]:
    """The events that it names or searches for, `room.event`; not the files."""
    named = [*re.findall(r"`([a-z_]+\.[a-z_]+)`", TEXT), *(word for word in words_looked_for() if "." in word)]
    return sorted({name for name in named if name.rpartition(".")[2] not in FILES})
