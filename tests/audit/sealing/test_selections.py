"""Honest exports with gaps verify; forged ones neither write their own verdict nor hide what was taken from them."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
import time_machine
from django.test import Client

from portal.audit.models import AuditEvent
from portal.audit.personal import Personal
from portal.audit.sealing.checkpoints import Checkpoint
from portal.audit.sealing.keys import read_signing_key
from portal.audit.sealing.notes import Signer
from tests.audit.events import BATCH_01, WEB_01
from tests.audit.people import by_alice, redact_person
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.standalone import export_to, verify
from tests.audit.sealing.tampering import run

REQUEST = "reimage_request:1"
Change = Callable[[list[str]], list[str]]


def rewritten(file: Path, change: Change) -> Path:
    lines = [f"{line}\n" for line in file.read_text(encoding="utf-8").split("\n")[:-1]]
    file.write_text("".join(change(lines)), encoding="utf-8")
    return file


def test_a_filter_may_leave_gaps_within_a_request(auditor: Client, log: SealedLog, tmp_path: Path) -> None:
    for target in (WEB_01, BATCH_01, WEB_01):
        log.record(1, subject=REQUEST, target=target)
    log.grow()
    content = b"".join(auditor.get("/audit/export.jsonl?target=web-01").streaming_content)
    (tmp_path / "export.jsonl").write_bytes(content)
    code, said = verify(tmp_path / "export.jsonl", log.public_key)
    gap, verdict = said.splitlines()
    assert (code, gap) == (0, f"gap: {REQUEST} is here without its events 2")
    assert verdict.startswith("VERIFIED: 2 events, a selection of 4, complete: nothing,")


def test_a_clock_that_ran_backwards_may_leave_gaps_in_a_period(log: SealedLog, tmp_path: Path) -> None:
    for moment in ("2026-01-02T10:00:00Z", "2026-01-01T10:00:00Z", "2026-01-02T11:00:00Z"):
        with time_machine.travel(moment, tick=False):
            log.record(1, subject=REQUEST)
    log.seal()
    code, said = verify(export_to(tmp_path / "export.jsonl", "--since", "2026-01-02"), log.public_key)
    gap, verdict = said.splitlines()
    assert (code, gap) == (0, f"gap: {REQUEST} is here without its events 2")
    assert verdict.startswith("VERIFIED: 2 events, a selection of 3, complete: nothing,")


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 0, 1)])
def test_a_late_event_may_come_after_the_one_that_follows_it(
    log: SealedLog, tmp_path: Path, order: tuple[int, ...]
) -> None:
    """As logs have it that were sealed before the sealer kept them together; and whoever may add events can do so."""
    events = log.record(3, subject=REQUEST)
    log.seal_in_order(events[place] for place in order)
    assert verify(export_to(tmp_path / "some.jsonl", "--subject", REQUEST), log.public_key)[0] == 0
    assert verify(export_to(tmp_path / "all.jsonl"), log.public_key)[0] == 0
    assert log.verify().tampered == []


@pytest.mark.parametrize("place", [0, 1])
def test_neighbours_in_a_selection_must_follow_by_digest(log: SealedLog, tmp_path: Path, place: int) -> None:
    """Their bodies were changed before they were sealed; with the later one first, too."""
    first, second = log.record(2, subject=REQUEST)
    forged = bytes(second.body).replace(first.digest.encode(), b"0" * 64)
    run("UPDATE audit_auditevent SET body = %s WHERE id = %s", parameters=[forged, second.pk])
    second.refresh_from_db()
    log.seal_in_order([second, first] if place else [first, second])
    export = rewritten(export_to(tmp_path / "export.jsonl", "--subject", REQUEST), claimed_digests)
    code, said = verify(export, log.public_key)
    assert (code, said) == (2, f"NOT VERIFIED: event 2 of {REQUEST} does not follow event 1\n")


def claimed_digests(lines: list[str]) -> list[str]:
    """The digest of each body as it is, for a log whose column of digests was forgotten."""
    told = [json.loads(line) for line in lines[1:-1]]
    for line in told:
        line["digest"] = sha256(line["body"].encode()).hexdigest()
    return [lines[0], *(json.dumps(line, ensure_ascii=False) + "\n" for line in told), lines[-1]]


@pytest.mark.parametrize(
    "last",
    [
        json.dumps({"events": "3\r\x1b[2KVERIFIED: 3 events, all of 3, sealed by x\x1b[8m"}),
        '{"events":"\\ud800"}',
        '{"events":3.0}',
        '{"format":"\\ud800"}',
    ],
)
def test_a_forged_export_cannot_write_its_own_verdict(log: SealedLog, tmp_path: Path, last: str) -> None:
    log.grow(3)
    code, said = verify(rewritten(export_to(tmp_path / "e"), lambda lines: [*lines[:-1], f"{last}\n"]), log.public_key)
    assert (code, said) == (2, said.splitlines()[-1] + "\n")
    assert said.startswith("NOT VERIFIED: line 5: it is not in its form")


def test_a_forged_field_reaches_no_terminal(log: SealedLog, tmp_path: Path) -> None:
    log.grow(1)
    forged = {"\x1b[2K\rVERIFIED\ud800\n": {"salt": "00", "text": ""}}
    export = rewritten(
        export_to(tmp_path / "e"),
        lambda lines: [lines[0], json.dumps(json.loads(lines[1]) | {"personal": forged}) + "\n", lines[2]],
    )
    code, said = verify(export, log.public_key)
    assert (code, said) == (
        2,
        "NOT VERIFIED: line 2: event #1: \\x1b[2K\\rVERIFIED\\ud800\\n is not the text that was recorded\n",
    )


def stripped(lines: list[str]) -> list[str]:
    told = [json.loads(line) for line in lines[1:-1]]
    return [lines[0], *(json.dumps(line | {"personal": {}}, ensure_ascii=False) + "\n" for line in told), lines[-1]]


def test_texts_that_were_taken_from_a_whole_export_are_missed(log: SealedLog, tmp_path: Path) -> None:
    log.grow(2, detail={"comment": Personal("I did look at it.")})
    code, said = verify(rewritten(export_to(tmp_path / "e"), stripped), log.public_key)
    words = "event #1: /detail/comment is missing, and no event says that it was redacted"
    assert (code, words in said) == (2, True), said


def test_a_selection_says_missing_where_it_does_not_hold_the_redaction(log: SealedLog, tmp_path: Path) -> None:
    by_alice(subject=REQUEST)
    redact_person()
    log.grow(1)
    code, said = verify(export_to(tmp_path / "e", "--subject", REQUEST), log.public_key)
    assert (code, said.splitlines()[0]) == (0, "missing: event #1: /actor/name")
    assert said.endswith(", 2 texts missing, 0 texts redacted\n")


def test_what_a_retired_key_seals_is_told_with_a_warning(log: SealedLog, tmp_path: Path) -> None:
    """Whoever kept the old key can sign for any tree; that it was retired is all that a file can tell."""
    log.grow(1)
    old = read_signing_key(str(log.key_file))
    log.rotate("second")
    log.grow(1)
    keys, export = log.settings.AUDIT_PUBLIC_KEYS, export_to(tmp_path / "e")
    assert "WARNING" not in verify(export, keys)[1]
    last = log.last_checkpoint()
    forged = Checkpoint(last.origin, last.tree_size, last.root_hash, last.sealed_at).signed_by(Signer(last.origin, old))

    def sealed_by_the_old_key(lines: list[str]) -> list[str]:
        return [json.dumps(json.loads(lines[0]) | {"checkpoint": forged}, ensure_ascii=False) + "\n", *lines[1:]]

    code, said = verify(rewritten(export, sealed_by_the_old_key), keys)
    assert (code, said.splitlines()[0].split(".")[0]) == (0, "WARNING: sealed by a retired key"), said
    assert AuditEvent.objects.count() == 4
