"""The list's selection as JSON Lines: told to the log, verified by the stand-alone program, bounded however long."""

import gc
import json
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import pytest
import time_machine
from django.db import connection, transaction
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.audit import exports, selectors
from portal.audit.disclosure import disclosed_body
from portal.audit.exports import csv_lines
from portal.audit.models import AuditEvent
from portal.audit.sealing import evidence
from portal.audit.sealing.evidence import evidence_lines, leaves_at, newest_note
from tests.audit.events import BATCH_01, WEB_01
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.standalone import verify
from tests.audit.sealing.tampering import run


def taken(auditor: Client, query: str = "") -> bytes:
    response = auditor.get(f"/audit/export.jsonl{query}")
    assert response.status_code == 200
    assert isinstance(response, StreamingHttpResponse)
    return b"".join(response)


def test_it_holds_the_selection_and_is_verified(auditor: Client, log: SealedLog, tmp_path: Path) -> None:
    log.grow(3, target=BATCH_01)
    log.grow(4, target=WEB_01)
    log.grow(2, target=BATCH_01)
    content = taken(auditor, "?target=web-01")
    (tmp_path / "export.jsonl").write_bytes(content)
    code, said = verify(tmp_path / "export.jsonl", log.public_key)
    assert (code, said.split(",")[:2]) == (0, ["VERIFIED: 4 events", " a selection of 9"])
    lines = [json.loads(line) for line in content.decode().split("\n")[:-1]]
    assert lines[0]["filter"] == {"target": "web-01"}
    assert [line["leaf_index"] for line in lines[1:-1]] == [3, 4, 5, 6]
    for line in lines[1:-1]:
        assert set(line) >= {"digest", "leaf_hash", "proof", "body"}


@time_machine.travel("2024-10-09T04:45:06Z", tick=False)
@pytest.mark.asvs("V3.2.1", "V5.4.1", "V5.4.2")
def test_it_is_a_download_and_an_event_before_the_first_line(auditor: Client, log: SealedLog) -> None:
    log.grow(2, target=WEB_01)
    log.record(1, target=WEB_01)
    response = auditor.get("/audit/export.jsonl?target=web-01&outcome=success")
    event = AuditEvent.objects.get(action="audit_log.exported")
    assert response["Content-Type"] == "application/jsonl; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="audit-20241009T044506Z.jsonl"'
    assert event.actor_text == "Carol Chiba"
    # The third is not sealed yet: the next export proves it.
    assert disclosed_body(event)["detail"] == {
        "filter": {"target": "web-01", "outcome": "success"},
        "rows": 2,
        "format": "jsonl",
    }
    content = b"".join(response.streaming_content)
    assert json.loads(content.decode().split("\n")[-2]) == {"events": 2}


def test_without_a_seal_there_is_nothing_to_prove(auditor: Client, log: SealedLog) -> None:
    log.record(1)
    response = auditor.get("/audit/export.jsonl")
    assert response.status_code == 404
    assert "No event is sealed yet." in response.content.decode()
    assert not AuditEvent.objects.filter(action="audit_log.exported").exists()


def test_it_refuses_more_than_a_file_holds(auditor: Client, log: SealedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "EXPORT_LIMIT", 2)
    log.grow(3)
    response = auditor.get("/audit/export.jsonl")
    assert response.status_code == 400
    assert "more than 2 events" in response.content.decode()
    assert not AuditEvent.objects.filter(action="audit_log.exported").exists()


def test_a_damaged_tree_leaves_the_event_without_proof_and_the_verifier_says_which(
    auditor: Client, log: SealedLog, tmp_path: Path
) -> None:
    log.grow(6)
    run("DELETE FROM audit_auditleaf WHERE leaf_index = 1")
    (tmp_path / "export.jsonl").write_bytes(taken(auditor))
    code, said = verify(tmp_path / "export.jsonl", log.public_key)
    assert (code, said) == (2, "NOT VERIFIED: line 2: its proof is too short or too long\n")


ROWS, REPEATS, CHUNK = 40, 25, 10


def csv_of_a_thousand(places: list[int], keys: list[int]) -> Iterator[str]:
    return csv_lines(keys * REPEATS)


def json_lines_of_a_thousand(places: list[int], keys: list[int]) -> Iterator[str]:
    leaves = chain.from_iterable(leaves_at(places) for _ in range(REPEATS))
    return evidence_lines(leaves, note=newest_note())


def events_in_memory() -> int:
    gc.collect()
    return sum(isinstance(found, AuditEvent) for found in gc.get_objects())


@pytest.mark.parametrize("lines_of", [csv_of_a_thousand, json_lines_of_a_thousand])
def test_of_a_thousand_events_a_chunk_is_read_and_held_at_a_time(
    log: SealedLog, lines_of: Callable[[list[int], list[int]], Iterator[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "CHUNK", CHUNK)
    monkeypatch.setattr(selectors, "CHUNK_SIZE", CHUNK)
    with transaction.atomic():
        keys = [event.pk for event in log.grow(ROWS, target=WEB_01)]
    lines, before, count = lines_of(list(range(ROWS)), keys), events_in_memory(), 0
    with CaptureQueriesContext(connection) as queries:
        for count, _line in enumerate(lines, start=1):
            # Two queries a chunk, events and their texts; the hashes of the tree are read once.
            assert len(queries) <= 2 * (count // CHUNK + 1) + 4
            if count == 700:
                assert events_in_memory() - before <= 2 * CHUNK
    assert count > ROWS * REPEATS
