"""Browsers tell what the policy stopped; the portal logs a little of it and believes nothing."""

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from structlog.testing import capture_logs

pytestmark = pytest.mark.django_db
OLD = {
    "csp-report": {
        "document-uri": "https://portal.example/requests/7/?secret=1",
        "blocked-uri": "inline",
        "effective-directive": "script-src-elem",
        "source-file": "x" * 500,
        "script-sample": "alert(1)",
    }
}
VIOLATION = {
    "documentURL": "https://portal.example/",
    "blockedURL": "https://evil.example/a",
    "effectiveDirective": "img-src",
}
NEW = [{"type": "csp-violation", "body": VIOLATION}]


def send(client: Client, document: Any) -> int:
    body = document if isinstance(document, str) else json.dumps(document)
    return client.post("/csp-report", body, content_type="application/csp-report").status_code


@pytest.mark.asvs("V3.4.7")
def test_both_forms_are_logged_in_short_without_queries(client: Client) -> None:
    with capture_logs() as logs:
        assert send(client, OLD) == 204
        assert send(client, NEW) == 204
    assert [log["event"] for log in logs] == ["csp.violated"] * 2
    assert logs[0]["document"] == "https://portal.example/requests/7/"
    assert logs[0]["directive"] == "script-src-elem"
    assert len(logs[0]["source"]) == 200
    assert logs[1]["blocked"] == "https://evil.example/a"
    assert "alert" not in str(logs)


@pytest.mark.asvs("V3.4.7")
@pytest.mark.parametrize(
    ("document", "status"),
    [
        ("no json", 400),
        ("", 400),
        ("\x80", 400),
        ("x" * 16_385, 413),
        ("[" * 16_000, 400),
        ([1, None, {}], 204),
        ({"csp-report": 1}, 204),
    ],
)
def test_what_is_no_report_is_not_logged(client: Client, document: Any, status: int) -> None:
    with capture_logs() as logs:
        assert send(client, document) == status
    assert logs == []


def test_a_field_of_another_type_is_left_out(client: Client) -> None:
    with capture_logs() as logs:
        send(client, {"csp-report": {"document-uri": ["x"], "blocked-uri": {"a": 1}}})
    assert (logs[0]["document"], logs[0]["blocked"]) == ("", "")


@pytest.mark.asvs("V3.4.7")
def test_a_flood_is_neither_logged_nor_stored(client: Client, settings: Settings) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"csp_report": 2}
    with capture_logs() as logs:
        assert [send(client, NEW * 9) for _ in range(4)] == [204, 204, 429, 429]
    assert len(logs) == 2 * 5


@pytest.mark.asvs("V3.4.7")
def test_every_page_says_where_to_report(client: Client) -> None:
    response = client.get("/sign-in")
    assert response["Reporting-Endpoints"] == 'csp="/csp-report"'
    assert "report-uri /csp-report" in response["Content-Security-Policy"]
    assert "report-to csp" in response["Content-Security-Policy"]
