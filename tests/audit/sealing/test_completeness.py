"""A selection that claims to be complete for a request is held to it, and the verdict names what it was held to."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from tests.audit.events import WEB_01
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.standalone import export_to, verify
from tests.audit.sealing.tampering import forge

REQUEST = "reimage_request:1"
Lines = list[dict[str, object]]


@pytest.fixture
def export(log: SealedLog, tmp_path: Path) -> Path:
    """Five events of one request, of a log that goes on after them."""
    log.grow(2, subject=REQUEST)
    log.grow(1)
    log.grow(3, subject=REQUEST)
    log.grow(2, subject="reimage_request:2")
    return export_to(tmp_path / "export.jsonl", "--subject", REQUEST)


def rewritten(file: Path, change: Callable[[Lines], Lines]) -> Path:
    """What somebody makes of it who has the file and an editor; the count is put right."""
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n")[:-1]]
    first, *events, _ = change(lines)
    told = [first, *events, {"events": len(events)}]
    file.write_text("".join(f"{json.dumps(line)}\n" for line in told), encoding="utf-8")
    return file


def without(*places: int) -> Callable[[Lines], Lines]:
    return lambda lines: [line for place, line in enumerate(lines) if place not in places]


def claiming(*subjects: str) -> Callable[[Lines], Lines]:
    return lambda lines: [lines[0] | {"complete": list(subjects)}, *lines[1:]]


def without_claim(lines: Lines) -> Lines:
    return [{name: value for name, value in lines[0].items() if name != "complete"}, *lines[1:]]


def test_an_export_of_one_request_is_complete_and_the_verdict_says_so(log: SealedLog, export: Path) -> None:
    code, said = verify(export, log.public_key)
    assert code == 0
    assert said.startswith(f"VERIFIED: 5 events, a selection of 8, complete: {REQUEST} from 1 to 5, sealed by ")


@pytest.mark.parametrize(("places", "lost"), [((1,), "1"), ((2,), "2"), ((2, 4), "2, 4"), ((1, 2, 3, 4), "1-4")])
def test_an_event_that_was_taken_out_is_missed(
    log: SealedLog, export: Path, places: tuple[int, ...], lost: str
) -> None:
    said = verify(rewritten(export, without(*places)), log.public_key)
    assert said == (2, f"NOT VERIFIED: it claims to be complete for {REQUEST}: without {lost}\n")


def test_a_claim_that_was_taken_out_too_is_missing_from_the_verdict(log: SealedLog, export: Path) -> None:
    rewritten(export, without(2))
    code, said = verify(rewritten(export, without_claim), log.public_key)
    gap, verdict = said.splitlines()
    assert (code, gap) == (0, f"gap: {REQUEST} is here without its events 2")
    assert verdict.startswith("VERIFIED: 4 events, a selection of 8, complete: nothing, sealed by ")


def test_an_end_that_was_cut_off_shows_by_the_number_alone(log: SealedLog, export: Path) -> None:
    """No file that is not of all events can tell that something followed."""
    code, said = verify(rewritten(export, without(4, 5)), log.public_key)
    assert (code, f"complete: {REQUEST} from 1 to 3, sealed by" in said) == (0, True), said


@pytest.mark.parametrize("claim", ["reimage_request:2", "reimage_request:9"])
def test_a_claim_about_what_is_not_there_is_refused(log: SealedLog, export: Path, claim: str) -> None:
    code, said = verify(rewritten(export, claiming(REQUEST, claim)), log.public_key)
    assert (code, said) == (2, f"NOT VERIFIED: it claims to be complete for {claim}: without 1\n")


@pytest.mark.parametrize(
    "claim", [7, None, [7], [None], [""], [["reimage_request:1"]], [{}], REQUEST, [f"{REQUEST}\n"]]
)
def test_a_claim_of_another_form_is_refused(log: SealedLog, export: Path, claim: object) -> None:
    file = rewritten(export, lambda lines: [lines[0] | {"complete": claim}, *lines[1:]])
    code, said = verify(file, log.public_key)
    assert (code, said.startswith("NOT VERIFIED: line 1: it is not in its form")) == (2, True), said


def test_a_subject_cannot_write_words_of_the_verdict(log: SealedLog, tmp_path: Path) -> None:
    """One that reads as if another request were complete; whether it is claimed or there."""
    forged = f"{REQUEST} from 1 to 16, sealed by portal, verified"
    for event in log.record(2, subject=REQUEST):
        forge(event, REQUEST.encode(), forged.encode())  # no service records of such a subject
    log.seal()
    file = export_to(tmp_path / "forged.jsonl")
    for change in (claiming(forged), without_claim):
        code, said = verify(rewritten(file, change), log.public_key)
        assert (code, "it is not in its form" in said or "its number is not in its form" in said) == (2, True), said
        assert "sealed by portal" not in said


@pytest.mark.parametrize(
    ("query", "complete"),
    [
        ("subject=%231", f"{REQUEST} from 1 to 5"),
        ("subject=%231&target=web-01", "nothing"),
        ("outcome=success", "nothing"),
        ("subject=%2399", "nothing"),
    ],
)
def test_the_lists_own_export_is_complete_where_a_request_alone_was_looked_for(
    auditor: Client, log: SealedLog, tmp_path: Path, query: str, complete: str
) -> None:
    log.grow(5, subject=REQUEST, target=WEB_01)
    content = b"".join(auditor.get(f"/audit/export.jsonl?{query}").streaming_content)
    (tmp_path / "export.jsonl").write_bytes(content)
    code, said = verify(tmp_path / "export.jsonl", log.public_key)
    assert (code, f" complete: {complete}, sealed by " in said) == (0, True), said


def test_a_period_of_a_request_and_a_request_that_does_not_exist_claim_nothing(
    log: SealedLog, export: Path, tmp_path: Path
) -> None:
    for name, arguments in (("since", (REQUEST, "--since", "2020-01-01")), ("none", ("reimage_request:9",))):
        code, said = verify(export_to(tmp_path / name, "--subject", *arguments), log.public_key)
        assert (code, " complete: nothing, " in said) == (0, True), said
