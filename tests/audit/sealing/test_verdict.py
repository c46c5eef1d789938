"""The verifier's report: tampering outweighs lateness, and a log that was rewritten fills no disk with sentences."""

from portal.audit.verification.verdict import KEPT_FINDINGS, Verdict


def test_a_log_that_was_rewritten_is_counted_whole_and_told_in_part() -> None:
    verdict = Verdict(sealed=1_000)
    verdict.found(f"event {number}" for number in range(KEPT_FINDINGS + 5))
    lines = verdict.lines()
    assert len(lines) == KEPT_FINDINGS + 2
    assert lines[-2:] == [
        "tampered: and 5 more findings",
        f"TAMPERED: {KEPT_FINDINGS + 5} findings in 1000 events sealed, anchored up to #0.",
    ]


def test_tampering_outweighs_what_is_behind() -> None:
    verdict = Verdict(behind=["late"])
    assert verdict.exit_code == 3
    verdict.found(["changed"])
    assert (verdict.exit_code, verdict.lines()[:2]) == (2, ["tampered: changed", "behind: late"])


def test_nothing_is_sound_and_signed_by_nobody() -> None:
    assert Verdict().lines() == ["SOUND: 0 events sealed, anchored up to #0, signed by nobody yet."]
