"""The CSV of a selection: complete, an event itself, and harmless in a spreadsheet."""

import csv
import io
import json
import re

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.audit import exports
from portal.audit.actors import Actor
from portal.audit.disclosure import disclosed_body
from portal.audit.exports import COLUMNS, harmless_cell
from portal.audit.models import AuditEvent
from portal.audit.selectors import CHUNK_SIZE
from portal.identity.models import User
from tests.audit.events import WEB_01, record_event


def export(auditor: Client, query: str = "") -> list[dict[str, str]]:
    response = auditor.get(f"/audit/export.csv{query}")
    assert response.status_code == 200
    return rows_of(b"".join(response.streaming_content))


def rows_of(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


def test_it_holds_every_part_of_an_event(auditor: Client, alice: User) -> None:
    detail = {"justification": 'ディスク満杯, "full"\nplease', "rows": 3}
    record_event(subject="reimage_request:12")
    with time_machine.travel("2024-10-09T04:45:06.5Z", tick=False):
        event = record_event(
            actor=Actor.person(alice),
            target=WEB_01,
            subject="reimage_request:12",
            flags=["delete_warning"],
            detail=detail,
        )
    row = export(auditor, "?person=alice")[0]
    assert list(row) == list(COLUMNS)
    assert json.loads(row.pop("detail")) == detail
    assert row == {
        "occurred_at": "2024-10-09T04:45:06.500000Z",
        "event_id": str(event.event_id),
        "action": "access.refused",
        "outcome": "success",
        "actor_kind": "person",
        "actor_name": "Alice Aoki",
        "actor_tenant_id": "11111111-1111-4111-8111-111111111111",
        "actor_object_id": "aa000000-0000-4000-8000-00000000000a",
        "target_kind": "virtual_machine",
        "target_id": WEB_01.id,
        "target_label": "web-01",
        "subject": "reimage_request:12",
        "sequence": "2",
        "flags": "delete_warning",
        "address": "",
        "session_reference": "",
        "http_request_id": "",
        "previous_digest": event.previous_digest,
        "digest": event.digest,
    }


def test_it_holds_the_selection_newest_first(auditor: Client) -> None:
    with transaction.atomic():
        events = [record_event(target=WEB_01) for _ in range(CHUNK_SIZE + 3)]
    record_event()
    rows = export(auditor, "?target=web-01")
    assert [row["event_id"] for row in rows] == [str(event.event_id) for event in reversed(events)]


@time_machine.travel("2024-10-09T04:45:06Z", tick=False)
@pytest.mark.asvs("V3.2.1", "V5.4.1", "V5.4.2")
def test_it_is_a_download_that_is_named_by_time(auditor: Client) -> None:
    response = auditor.get("/audit/export.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="audit-20241009T044506Z.csv"'
    assert "no-store" in response["Cache-Control"]


def test_it_is_an_event_before_the_first_line_is_sent(auditor: Client) -> None:
    record_event(target=WEB_01)
    record_event()
    response = auditor.get("/audit/export.csv?target=web-01&person=&older=1&occurred_from=2000-01-01")
    event = AuditEvent.objects.get(action="audit_log.exported")
    assert event.actor_text == "Carol Chiba"
    assert disclosed_body(event)["detail"] == {
        "filter": {"target": "web-01", "occurred_from": "2000-01-01", "zone": "UTC"},
        "rows": 1,
        "format": "csv",
    }
    assert len(rows_of(b"".join(response.streaming_content))) == 1


def test_it_writes_what_it_recorded_although_events_arrive_meanwhile(auditor: Client) -> None:
    record_event()
    response = auditor.get("/audit/export.csv")
    record_event()
    assert len(rows_of(b"".join(response.streaming_content))) == 1


def test_it_refuses_more_events_than_it_can_hold(auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "EXPORT_LIMIT", 2)
    record_event()
    record_event()
    assert len(export(auditor, "?action=access.refused")) == 2
    record_event()
    response = auditor.get("/audit/export.csv?action=access.refused")
    assert response.status_code == 400
    assert "more than 2 events" in response.content.decode()
    assert AuditEvent.objects.filter(action="audit_log.exported").count() == 1


def test_its_limit_is_stated_where_it_is_offered(auditor: Client) -> None:
    record_event()
    page = auditor.get("/audit/?person=expiry&older=").content.decode()
    assert "At most 50,000 events" in page
    assert re.search(
        r'href="/audit/export\.csv\?person=expiry&amp;older="|href="/audit/export\.csv\?person=expiry"', page
    )


def test_it_leads_back_to_the_list_if_the_filter_cannot_be_used(auditor: Client) -> None:
    response = auditor.get("/audit/export.csv?occurred_from=yesterday")
    assert response.status_code == 302
    assert response["Location"] == "/audit/?occurred_from=yesterday"
    assert not AuditEvent.objects.exists()


def test_it_asks_the_database_once_for_each_chunk(auditor: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            export(auditor, "?target=web-01")
        return len(captured)

    with transaction.atomic():
        for _ in range(3):
            record_event(target=WEB_01)
    with_3 = queries()
    with transaction.atomic():
        for _ in range(CHUNK_SIZE - 3):
            record_event(target=WEB_01)
    assert queries() == with_3


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_a_cell_that_would_be_a_formula_is_text(start: str) -> None:
    assert harmless_cell(f"{start}HYPERLINK(1)").startswith("'")


@pytest.mark.parametrize("start", ["  =", "\u3000＝", "\t=", "\xa0-"])
def test_spaces_do_not_hide_a_formula(start: str) -> None:
    assert harmless_cell(f"{start}HYPERLINK(1)").startswith("'")


@pytest.mark.parametrize("text", ["", "web-01", "a=b", "承認します", "1-2", "'quoted'"])
def test_a_harmless_cell_stays_as_it_is(text: str) -> None:
    assert harmless_cell(text) == text
