"""The places outside the database that are told every checkpoint: a file always, syslog and a webhook where set."""

from collections.abc import Callable, Sequence
from http import HTTPStatus

import requests
from django.conf import settings

from portal.audit import syslog
from portal.audit.sealing.anchor_file import anchor_line, append_notes
from portal.audit.sealing.deadline import DeadlineSession

TIMEOUT_SECONDS = 5  # from one byte to the next
DEADLINE_SECONDS = 10  # for all of it

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
    """A message for each. Raises OSError."""
    syslog.send(settings.AUDIT_ANCHOR_SYSLOG, "checkpoint", [anchor_line(note) for note in notes])


def tell_webhook(notes: Sequence[str]) -> None:
    """One POST of JSON Lines. Raises PlaceProblem for any answer but 2xx, OSError where there is none in time."""
    headers = {"Content-Type": "application/jsonl; charset=utf-8"}
    if settings.AUDIT_ANCHOR_WEBHOOK_TOKEN:
        headers["Authorization"] = f"Bearer {settings.AUDIT_ANCHOR_WEBHOOK_TOKEN}"
    with (
        DeadlineSession(DEADLINE_SECONDS) as session,
        session.post(
            settings.AUDIT_ANCHOR_WEBHOOK,
            data=b"".join(map(anchor_line, notes)),
            headers=headers,
            auth=_no_netrc,
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
            stream=True,  # what it says besides its status is not read, however long it takes to say it
        ) as answer,
    ):
        if not HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES:
            raise PlaceProblem(f"the webhook answered {answer.status_code}")


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An `auth` that adds nothing: without one, requests would put ~/.netrc's password over the bearer token."""
    return request
