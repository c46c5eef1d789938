"""Exports that prove themselves, verified by the stand-alone program alone, in a process that knows nothing of us."""

import io
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from portal.audit.models import AuditEvent
from portal.audit.personal import Personal
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.standalone import VERIFIER, verify


@pytest.fixture
def export(log: SealedLog) -> Path:
    """All of 60 events, of which five belong to one request."""
    log.grow(3)
    log.grow(5, subject="reimage_request:1", detail={"理由": "\u2028満杯"})
    log.grow(52)
    file = log.folder / "export.jsonl"
    call_command("audit_export", str(file), stderr=StringIO())
    return file


def test_an_export_of_everything_is_verified(log: SealedLog, export: Path) -> None:
    code, words = verify(export, log.public_key)
    assert (code, words.split(",")[:2]) == (0, ["VERIFIED: 60 events", " all of 60"])


def test_the_export_is_an_event_itself(log: SealedLog, export: Path) -> None:
    event = AuditEvent.objects.latest("pk")
    assert (event.action, json.loads(bytes(event.body))["detail"]) == (
        "audit_log.exported",
        {"filter": {}, "rows": 60},
    )


def test_a_selection_is_verified_and_says_that_it_is_one(log: SealedLog, export: Path, tmp_path: Path) -> None:
    file = tmp_path / "selection.jsonl"
    call_command("audit_export", str(file), "--subject", "reimage_request:1", stderr=StringIO())
    code, words = verify(file, log.public_key)
    assert (code, words.split(",")[:2]) == (0, ["VERIFIED: 5 events", " a selection of 60"])


def test_a_time_selects_as_well(log: SealedLog, export: Path) -> None:
    out = StringIO()
    call_command("audit_export", "--since", "2020-01-01", "--until", "2020-01-02 12:00", stdout=out)
    assert json.loads(out.getvalue().splitlines()[-1]) == {"events": 0}


def test_one_event_has_a_proof_of_its_own(log: SealedLog, export: Path, tmp_path: Path) -> None:
    out, event = StringIO(), AuditEvent.objects.order_by("pk")[6]
    call_command("audit_proof", str(event.event_id), stdout=out)
    (tmp_path / "proof.jsonl").write_text(out.getvalue(), encoding="utf-8")
    code, words = verify(tmp_path / "proof.jsonl", log.public_key)
    gap, verdict = words.splitlines()
    assert (code, gap) == (0, "gap: reimage_request:1 is here without its events 1-3")
    assert verdict.startswith("VERIFIED: 1 events, a selection of 60, complete: nothing,")
    assert json.loads(out.getvalue().split("\n")[1])["body"].encode() == bytes(event.body)


@pytest.mark.parametrize(
    ("encoding", "errors"), [("euc_jp", "strict"), ("latin-1", "backslashreplace"), ("ascii", "strict")]
)
def test_standard_output_is_utf8_whatever_the_terminal_has(
    log: SealedLog, tmp_path: Path, encoding: str, errors: str
) -> None:
    (event,) = log.grow(1, detail={"comment": Personal("José: ディスクが満杯 😱")})
    for command in (["audit_export"], ["audit_proof", str(event.event_id)]):
        raw = io.BytesIO()
        terminal = io.TextIOWrapper(raw, encoding=encoding, errors=errors)
        call_command(*command, stdout=terminal)
        (tmp_path / "export.jsonl").write_bytes(raw.getvalue())
        assert "José: ディスクが満杯 😱" in raw.getvalue().decode()
        code, said = verify(tmp_path / "export.jsonl", log.public_key)
        assert (code, said.startswith("VERIFIED: 1 events")) == (0, True), said


def test_what_is_not_sealed_has_no_proof(log: SealedLog) -> None:
    (event,) = log.record(1)
    with pytest.raises(CommandError, match="not sealed yet"):
        call_command("audit_proof", str(event.event_id))
    with pytest.raises(CommandError, match="No event is sealed yet"):
        call_command("audit_export")


def test_an_export_never_replaces_a_file(log: SealedLog, export: Path) -> None:
    with pytest.raises(CommandError, match="File exists"):
        call_command("audit_export", str(export))


def test_an_export_is_for_its_owner_alone(export: Path) -> None:
    assert export.stat().st_mode & 0o777 == 0o600


def test_after_a_rotation_either_key_verifies(log: SealedLog, tmp_path: Path) -> None:
    log.grow(3)
    second = log.rotate("second")
    call_command("audit_export", str(tmp_path / "export.jsonl"), stderr=StringIO())
    for keys in (log.public_key, second, f"{log.public_key},{second}"):
        assert verify(tmp_path / "export.jsonl", keys)[0] == 0


Lines = list[str]


def without(place: int) -> Callable[[Lines], Lines]:
    return lambda lines: lines[:place] + lines[place + 1 :]


def swapped(lines: Lines) -> Lines:
    return [*lines[:5], lines[6], lines[5], *lines[7:]]


def renumbered(lines: Lines) -> Lines:
    kept = lines[:5] + lines[6:-1]
    return [*kept, json.dumps({"events": len(kept) - 1}) + "\n"]


def edited(field: str, change: Callable[[object], object]) -> Callable[[Lines], Lines]:
    def edit(lines: Lines) -> Lines:
        line = json.loads(lines[7])
        line[field] = change(line[field])
        return [*lines[:7], json.dumps(line, ensure_ascii=False) + "\n", *lines[8:]]

    return edit


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda lines: [], "cut short"),
        (lambda lines: lines[:-1], "its last line is missing"),
        (lambda lines: [*lines[:-1], lines[-1][:-1]], "it is cut short"),
        (lambda lines: [*lines[:40], lines[40][:50]], "it is cut short"),
        (lambda lines: lines + lines, "something follows the last line"),
        (lambda lines: [*lines[:9], lines[8], *lines[9:]], "leaf 7 stands after leaf 7: doubled or out of order"),
        (without(0), "it is not in its form"),
        (without(5), "event #5 is missing"),
        (without(60), "it counts 60 events, and there are 59"),
        (lambda lines: [*lines[:-2], '{"events":59}\n'], "it claims all 60 events, and has 59"),
        (swapped, "event #5 is missing"),
        (renumbered, "event #5 is missing"),
        (edited("body", lambda body: str(body).replace("expiry", "mallet")), "does not have the hashes it claims"),
        (edited("digest", lambda digest: "0" * 64), "does not have the hashes it claims"),
        (edited("leaf_hash", lambda digest: "0" * 64), "does not have the hashes it claims"),
        (edited("proof", lambda proof: list(proof)[1:]), "its proof"),
        (edited("proof", lambda proof: [*list(proof), "00" * 32]), "its proof"),
        (edited("leaf_index", lambda index: 6.0), "it is not in its form"),
        (edited("leaf_index", lambda index: -1), "doubled or out of order"),
        (edited("leaf_index", lambda index: 10**30), "event #8 is missing|event #7 is missing"),
        (edited("body", lambda body: None), "it is not in its form"),
        (lambda lines: [lines[0].replace("audit-1", "audit-9"), *lines[1:]], "the format is not"),
        (lambda lines: [lines[0].replace("\\n60\\n", "\\n61\\n"), *lines[1:]], "not signed by"),
        (lambda lines: [lines[0], "[" * 100_000 + "\n", *lines[1:]], "it is not in its form"),
        (lambda lines: [lines[0], "1" * 100_000 + "\n", *lines[1:]], "it is not in its form"),
        (lambda lines: [lines[0], "\x00\n", *lines[1:]], "it is not in its form"),
    ],
)
def test_a_damaged_export_is_not_verified_and_says_where(
    log: SealedLog, export: Path, damage: Callable[[Lines], Lines], words: str
) -> None:
    # Not splitlines(): JSON allows U+2028 in a text.
    lines = [f"{line}\n" for line in export.read_text(encoding="utf-8").split("\n")[:-1]]
    export.write_text("".join(damage(lines)), encoding="utf-8")
    code, said = verify(export, log.public_key)
    assert code == 2, said
    assert any(part in said for part in words.split("|")), said


def test_another_key_does_not_verify_it(log: SealedLog, export: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = SealedLog.in_folder(tmp_path / "other", log.settings)
    code, said = verify(export, other.public_key)
    assert code == 2
    assert "not signed by the public key that you gave" in said


@pytest.mark.parametrize("key", ["senseless", "name+00000000+AAAA", ""])
def test_without_a_key_or_a_file_nothing_is_said_of_the_log(export: Path, key: str) -> None:
    code, said = verify(export, key)
    assert (code, said.startswith("cannot verify")) == (1, True)
    assert verify(export.with_name("missing"), "senseless")[0] == 1


def test_the_verifier_is_short_enough_to_be_read() -> None:
    assert len(VERIFIER.read_text(encoding="utf-8").splitlines()) < 200
