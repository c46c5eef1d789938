"""A hostile name cannot break out of its log line, or turn it round."""

import io
import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from portal.audit.models import AuditEvent
from portal.identity.models import User
from portal.logging import escape_unsafe_characters
from tests.cast import client_of

WRITE = """
import logging
from portal.logging import logging_settings
logging_settings(level="INFO", form="json")
import structlog
hostile = "web\\n{\\"event\\": \\"forged\\"}\\u202e\\x1b[2J"
structlog.get_logger("reimage").info(f"seen {hostile}", machine=hostile)
logging.getLogger("django").warning("seen %s", hostile)
"""
WRITE_NESTED = """
import sys
from portal.logging import logging_settings
logging_settings(level="INFO", form=sys.argv[1])
import structlog
hostile = "hostile\\r\\x85\\u202e\\u2066\\x1b[2J\\x00"
log = structlog.get_logger("reimage")
log.info("seen", names=[hostile], machine={"name": hostile})
try:
    raise RuntimeError(hostile)
except RuntimeError:
    log.exception("failed")
"""


CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
SEPARATORS = [0x2028, 0x2029]
TURNING = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]  # Unicode's Bidi_Control
OTHERS = [0x20, 0x7E, 0xA0, 0x061B, 0x061D, 0x200D, 0x2027, 0x202F, 0x2065, 0x206A, 0x6A5F]


@pytest.mark.asvs("V1.1.2", "V16.4.1")
@pytest.mark.parametrize("code", [*CONTROLS, *SEPARATORS, *TURNING], ids=hex)
def test_characters_that_break_or_turn_a_line_become_their_codes(code: int) -> None:
    written: Any = escape_unsafe_characters(None, "", {"event": f"a{chr(code)}b", "count": 1})
    assert written == {"event": f"a\\u{code:04x}b", "count": 1}


@pytest.mark.parametrize("code", OTHERS, ids=hex)
def test_no_other_character_does(code: int) -> None:
    said = {"event": f"a{chr(code)}b"}
    assert escape_unsafe_characters(None, "", dict(said)) == said


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


@pytest.mark.asvs("V16.4.1")
@pytest.mark.parametrize("form", ["json", "console"])
def test_no_line_holds_one_of_them_wherever_they_stand(form: str) -> None:
    """In a nested value and in the text of an exception too; only a traceback's own line breaks remain."""
    ran = subprocess.run([sys.executable, "-c", WRITE_NESTED, form], capture_output=True, text=True, check=True)
    assert "hostile" in ran.stderr
    assert not set(ran.stderr) & {"\x1b", "\u202e", "\u2066", "\x00", "\r", "\x85"}


@pytest.mark.asvs("V16.2.4")
def test_a_line_carries_the_id_of_its_request_as_answer_and_event_do(eve: User) -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    (shown,) = [
        found for found in logging.getLogger().handlers if type(found.formatter).__module__ == "structlog.stdlib"
    ]
    handler.setFormatter(shown.formatter)
    logging.getLogger("django.request").addHandler(handler)
    try:
        response = client_of(eve).get("/access/")
    finally:
        logging.getLogger("django.request").removeHandler(handler)
    (line,) = [json.loads(line) for line in written.getvalue().splitlines()]
    event = AuditEvent.objects.get(action="access.refused")
    assert line["request_id"] == response["X-Request-ID"] == event.http_request_id
