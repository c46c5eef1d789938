"""The places outside the database that are told every checkpoint: a file always, syslog and a webhook where set."""

import socket
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import requests
from django.conf import settings

from portal.audit.sealing.anchor_file import anchor_line, append_notes

TIMEOUT_SECONDS = 5
AUDIT_NOTICE = 13 * 8 + 5  # RFC 5424: facility "log audit", severity "notice"

Tell = Callable[[Sequence[str]], None]


class PlaceProblem(Exception):
    """A place did not take the checkpoints; they are offered again."""


def places() -> dict[str, Tell]:
    """Those that are set, by name."""
    found: dict[str, Tell] = {"file": append_notes}
    if settings.AUDIT_ANCHOR_SYSLOG:
        found["syslog"] = tell_syslog
    if settings.AUDIT_ANCHOR_WEBHOOK:
        found["webhook"] = tell_webhook
    return found


def tell_syslog(notes: Sequence[str]) -> None:
    """Over TCP with counted octets (RFC 6587), or to a local socket such as /dev/log. Raises OSError."""
    target = settings.AUDIT_ANCHOR_SYSLOG
    messages = [_syslog_message(note) for note in notes]
    if target.startswith("/"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as local:
            local.settimeout(TIMEOUT_SECONDS)
            local.connect(target)
            for message in messages:
                local.send(message)
        return
    parts = urlsplit(f"//{target}")
    with socket.create_connection((parts.hostname, parts.port or 601), timeout=TIMEOUT_SECONDS) as remote:
        for message in messages:
            remote.sendall(b"%d %s" % (len(message), message))


def tell_webhook(notes: Sequence[str]) -> None:
    """One POST of JSON Lines. Raises PlaceProblem for any answer but 2xx, OSError where there is none."""
    headers = {"Content-Type": "application/jsonl; charset=utf-8"}
    if settings.AUDIT_ANCHOR_WEBHOOK_TOKEN:
        headers["Authorization"] = f"Bearer {settings.AUDIT_ANCHOR_WEBHOOK_TOKEN}"
    answer = requests.post(
        settings.AUDIT_ANCHOR_WEBHOOK,
        data=b"".join(map(anchor_line, notes)),
        headers=headers,
        timeout=TIMEOUT_SECONDS,
        allow_redirects=False,
    )
    if not answer.ok or answer.is_redirect:
        raise PlaceProblem(f"the webhook answered {answer.status_code}")


def _syslog_message(note: str) -> bytes:
    head = f"<{AUDIT_NOTICE}>1 - {socket.gethostname()} reimage-portal - checkpoint - "
    return head.encode() + anchor_line(note).rstrip(b"\n")
