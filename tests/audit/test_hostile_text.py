"""Names, tags and error texts may come from an enemy: they are shown for what they are, everywhere."""

import csv
import io
import json

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from portal.audit.actors import Actor, Target
from portal.audit.exports import harmless_cell
from portal.audit.models import AuditEvent
from portal.audit.text import folded, visible, visible_line
from tests.audit.events import record_event

HTML = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
FORMULA = '=HYPERLINK("https://example.com","web-01")'
TURNED = "web\u202egpj.10-\u2066\u200f"
NEWLINE = "one\r\ntwo\x1b[31m\x00\x7f\x85"
HOSTILE = [HTML, FORMULA, TURNED, NEWLINE]
INVISIBLE = set("\x00\x1b\x7f\x85\u202e\u2066\u200f\u200b\ufeff")


def record_hostile(text: str) -> AuditEvent:
    return record_event(
        actor=Actor("person", text, text, text),
        target=Target(text, text, text),
        related=[Target(text, text, text)],
        subject="reimage_request:1",
        detail={text: text, "nested": [{text: [text]}]},
    )


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.asvs("V1.1.2", "V1.2.1")
def test_the_pages_show_hostile_text_as_text(auditor: Client, text: str) -> None:
    event = record_hostile(text)
    for address in ("/audit/", f"/audit/{event.event_id}/"):
        page = auditor.get(address).content.decode()
        assert "<script>alert" not in page
        assert "<img" not in page
        assert not INVISIBLE & set(page)


def test_the_pages_show_where_text_was_to_be_turned_round(auditor: Client) -> None:
    event = record_hostile(TURNED)
    for address in ("/audit/", f"/audit/{event.event_id}/"):
        assert "web\\u202egpj.10-\\u2066\\u200f" in auditor.get(address).content.decode()


def test_the_filter_shows_hostile_text_as_text(auditor: Client) -> None:
    page = auditor.get("/audit/", {"person": HTML, "action": HTML, "subject": '"><script>alert(1)</script>'})
    assert "<script>alert" not in page.content.decode()


@pytest.mark.parametrize("text", HOSTILE)
def test_the_export_holds_hostile_text_as_text(auditor: Client, text: str) -> None:
    record_hostile(text)
    content = b"".join(auditor.get("/audit/export.csv").streaming_content)
    assert not (INVISIBLE - {"\ufeff"}) & set(content.decode())
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    assert len(rows) == 1
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in rows[0].values())
    assert "alert" not in text or rows[0]["actor_name"] == text


def test_the_detail_of_an_export_is_still_json_that_says_the_same(auditor: Client) -> None:
    record_hostile(TURNED)
    content = b"".join(auditor.get("/audit/export.csv").streaming_content)
    row = next(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert json.loads(row["detail"]) == {TURNED: TURNED, "nested": [{TURNED: [TURNED]}]}


@given(st.text())
def test_nothing_invisible_is_left_in_a_line(text: str) -> None:
    line = visible_line(text)
    assert not INVISIBLE & set(line)
    assert len(line.splitlines()) <= 1


@given(st.text())
@pytest.mark.asvs("V1.1.2")
def test_no_cell_starts_a_formula(text: str) -> None:
    assert not harmless_cell(text).lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


def test_only_what_was_meant_as_a_line_break_is_folded() -> None:
    assert visible_line(folded("first\r\n\n\tsecond\u2028third ")) == "first second\\u2028third"


def test_lines_and_joined_characters_that_are_meant_stay() -> None:
    text = "一行目\n二行目\tと👩‍💻"
    assert visible(text) == text
