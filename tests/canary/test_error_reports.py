"""Django's error reports, which a handler may mail: nothing that was sent, set or computed is in them."""

from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from django.test import RequestFactory

from tests.canary.reports import error_reports
from tests.canary.spellings import PASSWORD, leaks

pytestmark = pytest.mark.asvs("V14.2.4", "V16.5.1")


def sent() -> HttpRequest:
    """A form with the canary wherever a browser can put one."""
    upload = SimpleUploadedFile(f"{PASSWORD}.txt", b"")
    headers = {"Referer": f"https://example.com/?code={PASSWORD}", "User-Agent": PASSWORD}
    request = RequestFactory().post(
        f"/callback?code={quote(PASSWORD, safe='')}",
        {"field": PASSWORD, "upload": upload},
        headers=headers,
        RAW_URI=PASSWORD,
    )
    request.COOKIES = {"csrf": PASSWORD, "session": PASSWORD}
    return request


def break_down(**given: object) -> None:
    """With the canary in a local variable."""
    raise RuntimeError(f"a mistake with {len(given)} arguments")


def test_no_value_is_in_them_and_the_names_are(settings: Any) -> None:
    settings.CELERY_BROKER_URL = f"redis://portal:{PASSWORD}@broker.example.com/0"
    try:
        break_down(password=PASSWORD)
    except RuntimeError:
        reports = error_reports(sent())
    assert leaks(reports) == []
    for report in reports.values():
        for name in (b"a mistake with 1 arguments", b"/callback", b"code", b"field", b"upload", b"csrf", b"break_down"):
            assert name in report
    assert b"given" in reports["error report as HTML"]


def test_a_text_that_is_no_utf_8_is_not_quoted() -> None:
    try:
        b"\xff".join([PASSWORD.encode()] * 2).decode()
    except UnicodeDecodeError:
        html = error_reports(sent())["error report as HTML"]
    assert PASSWORD[-5:].encode() not in html
