"""A hostile name cannot break out of its log line, or turn it round."""

import io
import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from portal.logging import escape_unsafe_characters

WRITE = """
import logging
from portal.logging import logging_settings
logging_settings(level="INFO", form="json")
import structlog
hostile = "web\\n{\\"event\\": \\"forged\\"}\\u202e\\x1b[2J"
structlog.get_logger("reimage").info(f"seen {hostile}", machine=hostile)
logging.getLogger("django").warning("seen %s", hostile)
"""


@pytest.mark.asvs("V16.4.1")
@pytest.mark.parametrize("character", ["\n", "\r", "\x00", "\x1b", "\x85", "\u2028", "\u202e", "\u2066", "\u200f"])
def test_characters_that_break_or_turn_a_line_become_their_codes(character: str) -> None:
    written: Any = escape_unsafe_characters(None, "", {"event": f"a{character}b", "count": 1})
    assert written == {"event": f"a\\u{ord(character):04x}b", "count": 1}


@pytest.mark.asvs("V16.2.4", "V16.4.1")
def test_every_line_is_one_json_object_in_utc_with_its_level() -> None:
    ran = subprocess.run([sys.executable, "-c", WRITE], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in io.StringIO(ran.stderr)]
    assert len(lines) == 2
    assert all(line["timestamp"].endswith("Z") and line["level"] in ("info", "warning") for line in lines)
    assert not any("\u202e" in str(value) or "\n" in str(value) for line in lines for value in line.values())


@pytest.mark.asvs("V16.2.5")
@pytest.mark.parametrize("library", ["azure", "msal", "urllib3", "requests", "amqp"])
def test_libraries_that_write_bodies_are_quiet_at_any_level(library: str) -> None:
    assert not logging.getLogger(library).isEnabledFor(logging.INFO)
