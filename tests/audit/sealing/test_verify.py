"""Verification of a log that nobody tampered with: sound, or behind, and never a false alarm."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command, execute_from_command_line
from django.db import transaction
from django.utils import timezone

from portal.audit.actors import Target
from portal.audit.catalogue import AUDIT_REDACTED
from portal.audit.models import AuditCheckpoint, AuditPersonalText
from portal.audit.personal import MARK, Personal
from portal.audit.sealing.notes import VerifierKey
from portal.audit.verification import events, personal
from tests.audit.events import BATCH_01, WEB_01
from tests.audit.memory import most_memory
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import run, triggers_off
from tests.evidence.altering import add

SOUND, BEHIND = 0, 3


def test_an_empty_log_is_sound_once_there_is_an_anchor_file(log: SealedLog) -> None:
    log.anchor_file.touch()
    verdict = log.verify()
    assert verdict.exit_code == SOUND
    assert verdict.lines() == ["SOUND: 0 events sealed, anchored up to #0, signed by nobody yet."]


def test_a_log_of_every_kind_of_event_is_sound(log: SealedLog) -> None:
    log.grow(3, target=WEB_01, related=[BATCH_01], flags=["delete_warning"], detail={"理由": "ディスク\0が満杯 \ud800"})
    log.grow(3, subject="reimage_request:1")
    log.grow(2, subject="reimage_request:1")
    verdict = log.verify()
    assert verdict.exit_code == SOUND
    assert (verdict.sealed, verdict.anchored, verdict.remarks) == (8, 8, [])
    assert verdict.signed_by == VerifierKey.parse(log.public_key).short


def test_a_long_log_is_sound_across_subtrees_and_rounds(log: SealedLog) -> None:
    for count in (1, 254, 1, 1, 300):
        log.grow(count)
    assert log.verify().lines()[-1].startswith("SOUND: 557 events sealed, anchored up to #557")


def test_several_processes_find_the_same(log: SealedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of a test are in no other process's sight, so here the pool runs in ours."""
    from concurrent.futures import ThreadPoolExecutor

    from portal.audit.verification import log as module

    class Pool(ThreadPoolExecutor):
        def __init__(self, workers: int, mp_context: object) -> None:
            super().__init__(1)

        def submit(self, work, *arguments):
            future = super().submit(lambda: None)
            future.result = lambda timeout=None: work(*arguments)
            return future

    log.grow(100)
    monkeypatch.setattr(module, "SEGMENT", 7)
    monkeypatch.setattr(module, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(module.connections, "close_all", lambda: None)
    from portal.audit.sealing.keys import trusted_keys

    verdict = module.verify_audit_log(
        trusted=trusted_keys(), anchor_file=log.anchor_file, now=timezone.now(), processes=2
    )
    assert verdict.exit_code == SOUND
    assert verdict.sealed == 100


@pytest.mark.parametrize(
    "large",
    [
        {"detail": {"text": "x" * 300_000}},
        {"related": [Target("machine", "x" * 1_000, str(number)) for number in range(300)]},  # in its search text too
        {"detail": {"texts": [Personal("x" * 1_000)] * 200}},
    ],
)
def test_however_large_its_events_are_few_are_held_at_a_time(
    log: SealedLog, large: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(personal, "LARGEST_HELD", 500_000)
    log.grow(25, **large)
    with most_memory() as most:
        assert log.verify().exit_code == SOUND
    assert most[0] < 4_000_000


@pytest.mark.parametrize(
    ("count", "detail"),
    [
        (30, {"texts": [{"x" * 400: {MARK: "0" * 64}}] * 1_000}),  # no text opens these
        (30, {"fields": ["/detail/" + "x" * 400] * 1_000}),  # said by a redaction
    ],
)
def test_nor_is_what_is_wrong_with_them(
    log: SealedLog, count: int, detail: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST_LARGE", 1)
    monkeypatch.setattr(personal, "CHUNK", 1)
    genuine = json.loads(bytes(log.grow(1)[0].body))
    about = {"kind": "audit_event", "id": genuine["event_id"], "label": ""}
    action = AUDIT_REDACTED.name if "fields" in detail else genuine["action"]
    with transaction.atomic():
        for _ in range(count):
            add({**genuine, "detail": detail, "action": action, "target": about})
    log.seal()
    with most_memory() as most:
        verdict = log.verify()
    assert verdict.tampered_count == (0 if "fields" in detail else 1_000 * count)
    assert most[0] < 9_000_000


def test_texts_that_nobody_recorded_are_not_read(log: SealedLog) -> None:
    (event,) = log.grow(1)
    with transaction.atomic(), triggers_off():
        for number in range(100):
            AuditPersonalText.objects.create(event=event, field=f"/{number}", salt=b"", text="x" * 100_000)
    with most_memory() as most:
        (found,) = log.verify().tampered
    assert found.endswith("its personal texts are more, or longer, than any that are recorded")
    assert most[0] < 2_000_000


@pytest.mark.parametrize("salt", [b"x", b"\0"])
def test_nor_are_salts(log: SealedLog, salt: bytes) -> None:
    log.grow(2, detail={"reason": Personal("Down")})
    run("UPDATE audit_auditpersonaltext SET salt = %s", parameters=[salt * 10_000_000])
    with most_memory() as most:
        assert len(log.verify().tampered) == 2
    assert most[0] < 2_000_000


@pytest.mark.parametrize("distance", [1, 1_000_000])
def test_texts_are_those_of_their_events_wherever_the_rows_stand(log: SealedLog, distance: int) -> None:
    log.record(3, detail={"reason": Personal("Down")})
    last = log.record(detail={"reason": Personal("Down")})[0].pk
    moved = last + distance
    run(
        f"UPDATE audit_auditevent SET id = {moved} WHERE id = {last}",
        f"UPDATE audit_auditpersonaltext SET event_id = {moved} WHERE event_id = {last}",
    )
    log.seal()
    log.anchor()
    assert log.verify().exit_code == SOUND
    run(f"UPDATE audit_auditpersonaltext SET text = 'Up' WHERE event_id = {moved} AND field = '/detail/reason'")
    (found,) = log.verify().tampered
    assert found.startswith("event #4 ")
    assert found.endswith(": its personal text /detail/reason, or the salt of it, is not what was recorded")


@pytest.mark.parametrize(
    ("assignment", "found"),
    [
        ("search_text = 'x' || search_text", "column search_text is not what its body says"),
        ("search_text = ''", "column search_text is not what its body says"),
        (f"body = '{'{'}{'x' * 10_000}'", "its digest is not that of its body"),
    ],
)
def test_a_large_event_that_was_altered_is_found(log: SealedLog, assignment: str, found: str) -> None:
    log.grow(related=[Target("machine", "x" * 1_000, str(number)) for number in range(20)])
    run(f"UPDATE audit_auditevent SET {assignment}")
    assert any(problem.endswith(found) for problem in log.verify().tampered)


def test_an_event_that_waits_for_the_sealer_is_behind_after_a_while(log: SealedLog) -> None:
    log.grow()
    log.record(2)
    assert log.verify(now=timezone.now()).exit_code == SOUND
    verdict = log.verify()
    assert verdict.exit_code == BEHIND
    assert "2 events wait for the sealer longer than 30 seconds" in verdict.behind


def test_a_checkpoint_that_is_not_anchored_is_behind_after_a_while(log: SealedLog) -> None:
    log.grow()
    log.record(1)
    log.seal()
    assert log.verify(now=timezone.now()).exit_code == SOUND
    verdict = log.verify()
    assert (verdict.exit_code, verdict.behind) == (BEHIND, ["what was sealed after #1 is not anchored"])


def test_without_anchors_it_is_behind(log: SealedLog) -> None:
    log.grow()
    verdict = log.verify(anchors=log.folder / "none.jsonl")
    assert verdict.exit_code == BEHIND
    assert "there are no anchors" in verdict.behind[0]


def test_lines_that_prove_nothing_are_a_remark(log: SealedLog) -> None:
    log.grow()
    forged = AuditCheckpoint.objects.get().note.replace("\n1\n", "\n9\n", 1)
    lines = ["", "{", "[]", json.dumps({"note": 7}), json.dumps({"note": forged}), "[" * 60_000, "x" * 200_000]
    log.anchor_file.write_text("\n".join(lines) + "\n" + log.anchor_file.read_text(encoding="utf-8"), encoding="utf-8")
    verdict = log.verify()
    assert verdict.exit_code == SOUND
    assert "are no checkpoint that a trusted key signed" in verdict.remarks[0]


def test_a_clock_that_ran_backwards_is_a_remark(log: SealedLog) -> None:
    log.record(3)
    log.seal(now=timezone.now() - timedelta(days=1))
    log.anchor()
    verdict = log.verify()
    assert verdict.exit_code == SOUND
    assert verdict.remarks == ["sealed long after they say they happened, or before, among others: #1, #2, #3"]


def test_a_clock_that_is_put_back_between_two_rounds_raises_no_alarm(log: SealedLog) -> None:
    now = timezone.now()
    for moment in (now, now - timedelta(minutes=10), now):
        log.record(2)
        log.seal(now=moment)
    log.anchor()
    verdict = log.verify()
    assert (verdict.exit_code, verdict.sealed, verdict.remarks) == (SOUND, 6, [])


def test_a_key_that_was_replaced_twice_leaves_a_sound_log(log: SealedLog) -> None:
    log.grow(2)
    log.rotate("second")
    log.grow(2)
    log.rotate("third")
    log.grow(2)
    verdict = log.verify()
    assert (verdict.exit_code, verdict.sealed, verdict.remarks) == (SOUND, 8, [])


def test_a_lost_key_is_replaced_and_said(log: SealedLog) -> None:
    log.grow(2)
    log.key_file.unlink()
    log.record(1)
    log.rotate("second", is_lost=True)
    log.grow(1)
    verdict = log.verify()
    assert (verdict.exit_code, verdict.sealed) == (SOUND, 5)
    assert "took over after a loss: only anchors bind what was before it" in verdict.remarks[0]


def command(*arguments: str) -> tuple[int, str]:
    out, code = StringIO(), 0
    try:
        call_command("audit_verify", *arguments, stdout=out)
    except SystemExit as err:
        code = int(err.code or 0)
    return code, out.getvalue()


def test_the_command_says_so_by_its_exit_code(log: SealedLog) -> None:
    log.grow(2)
    code, output = command()
    assert (code, output.split(":")[0]) == (0, "SOUND")
    code, output = command("--anchors", str(log.folder / "none.jsonl"))
    assert (code, output.splitlines()[-1].split(":")[0]) == (3, "BEHIND")


def test_the_command_takes_its_keys_from_a_file(log: SealedLog, tmp_path: Path) -> None:
    log.grow(1)
    (tmp_path / "keys").write_text(f"{log.public_key}\n", encoding="utf-8")
    log.settings.AUDIT_PUBLIC_KEYS = ""
    with pytest.raises(CommandError, match="Name the keys to trust"):
        call_command("audit_verify")
    assert command("--public-keys", str(tmp_path / "keys"))[0] == 0
    (tmp_path / "keys").write_text("senseless", encoding="utf-8")
    with pytest.raises(CommandError, match="AUDIT_PUBLIC_KEYS cannot be used"):
        call_command("audit_verify", "--public-keys", str(tmp_path / "keys"))


@pytest.mark.parametrize("arguments", [["--bogus"], ["--processes", "many"], ["surplus"], ["--anchors"]])
def test_a_mistake_in_the_arguments_is_no_tampering(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        execute_from_command_line(["manage.py", "audit_verify", *arguments])
    assert ended.value.code == 1
    assert "Error: " in capsys.readouterr().err


def test_help_is_no_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        execute_from_command_line(["manage.py", "audit_verify", "--help"])
    assert (ended.value.code, "--public-keys" in capsys.readouterr().out) == (0, True)


def test_a_list_of_keys_that_is_no_text_could_not_be_read(log: SealedLog, tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError, match="is no list of public keys: it is not UTF-8") as refused:
        call_command("audit_verify", "--public-keys", str(tmp_path / "keys"))
    assert refused.value.returncode == 1
