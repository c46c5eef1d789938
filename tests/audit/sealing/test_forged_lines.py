"""A line of an export says one thing to every reader: no member besides the known ones, and none of them twice."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.audit.personal import LONGEST_FIELD, MARK, Personal
from portal.audit.sealing.checkpoints import read
from portal.audit.sealing.notes import Signer, sign
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.standalone import export_to, verify
from tests.audit.sealing.test_undone_rotation import load_private_key
from tests.evidence.altering import body_of, rewrite

COMMITMENT = {MARK: "0" * 64}
Change = Callable[[str], str]


def with_member(member: str) -> Change:
    """In front of the others, so that a reader who takes the last of two takes the true one."""
    return lambda line: line.replace("{", "{" + member + ",", 1)


def in_the_text(member: str) -> Change:
    return lambda line: line.replace('{"salt"', "{" + member + ',"salt"', 1)


@pytest.mark.parametrize(
    ("number", "change"),
    [
        (1, with_member('"note":"forged"')),
        (1, with_member('"checkpoint":"forged"')),
        (1, with_member('"complete":[],"complete":[]')),
        (2, with_member('"event":{"action":"forged"}')),
        (2, with_member('"body":"{\\"forged\\":1}"')),
        (2, with_member('"checkpoint":"forged"')),
        (2, with_member('"events":9')),
        (2, in_the_text('"text":"Forged."')),
        (2, in_the_text('"note":"Forged."')),
        (4, with_member('"events":9')),
        (4, with_member('"leaf_index":9')),
    ],
)
def test_an_unknown_or_doubled_member_is_refused(log: SealedLog, tmp_path: Path, number: int, change: Change) -> None:
    log.grow(2, detail={"comment": Personal("Please.")})
    file = export_to(tmp_path / "export.jsonl")
    lines = file.read_text(encoding="utf-8").split("\n")
    forged = change(lines[number - 1])
    assert json.loads(forged).keys() >= json.loads(lines[number - 1]).keys()
    file.write_text("\n".join([*lines[: number - 1], forged, *lines[number:]]), encoding="utf-8")
    code, said = verify(file, log.public_key)
    assert (code, said.startswith(f"NOT VERIFIED: line {number}: ")) == (2, True), said


@pytest.mark.parametrize("moved", [1, 7])
def test_no_border_between_salt_and_text_can_be_moved(log: SealedLog, tmp_path: Path, moved: int) -> None:
    """The hash of both is the same, and the words would be others."""
    log.grow(1, detail={"comment": Personal("Do not reimage it.")})
    file = export_to(tmp_path / "export.jsonl")
    first, event, *others = file.read_text(encoding="utf-8").split("\n")
    line = json.loads(event)
    said = line["personal"]["/detail/comment"]
    said["salt"] += said["text"][:moved].encode().hex()
    said["text"] = said["text"][moved:]
    file.write_text("\n".join([first, json.dumps(line), *others]), encoding="utf-8")
    code, told = verify(file, log.public_key)
    assert (code, "/detail/comment is not the text that was recorded" in told) == (2, True), told


def test_a_key_signs_for_the_log_of_its_name_alone(log: SealedLog, tmp_path: Path) -> None:
    """One that is trusted for a log elsewhere has signed a checkpoint of this one."""
    log.grow(2)
    file = export_to(tmp_path / "export.jsonl")
    first, *events = file.read_text(encoding="utf-8").split("\n")
    head, private_key = json.loads(first), load_private_key(log.key_file)
    text = read(head["checkpoint"])[0].text
    codes = []
    for name in ("localhost/audit", "elsewhere.example/audit"):
        signer = Signer(name, private_key)
        forged = json.dumps(head | {"checkpoint": sign(text, [signer])})
        file.write_text("\n".join([forged, *events]), encoding="utf-8")
        code, told = verify(file, f"{log.public_key},{signer.verifier_key}")
        codes.append(code)
    assert codes == [0, 2]
    assert "not signed by the public key that you gave" in told


def test_a_key_whose_id_is_another_ones_is_no_key(log: SealedLog, tmp_path: Path) -> None:
    log.grow(1)
    file = export_to(tmp_path / "export.jsonl")
    name, key_id, encoded = log.public_key.split("+", 2)
    assert verify(file, f"{name}+{key_id}+{encoded}")[0] == 0
    for forged in (f"{name}+00000000+{encoded}", f"{name}+{key_id.upper()}0+{encoded}", f"{name}+{encoded}"):
        code, said = verify(file, forged)
        assert (code, said.startswith("cannot verify: ")) == (1, True), said


@pytest.mark.parametrize(
    ("detail", "is_possible"),
    [
        ({"x" * (LONGEST_FIELD - len("/detail//0")): [COMMITMENT]}, True),
        ({"x" * (LONGEST_FIELD - len("/detail//0") + 1): [COMMITMENT]}, False),
        ({"x" * 500_000: [COMMITMENT] * 5_300}, False),
        ({"x" * 10_000: {"x" * 500_000: [COMMITMENT] * 4_000}}, False),
        ({"x": [COMMITMENT] * 1_000}, True),
        ({"x": [COMMITMENT] * 1_001}, False),
        ({"x" * 490 + "\U0001f600": [{MARK: 0}] * 40_000}, False),
    ],
)
def test_commitments_are_no_more_and_stand_nowhere_else_than_any_that_are_recorded(
    log: SealedLog, detail: dict[str, object], is_possible: bool
) -> None:
    """One event of a megabyte could have gigabytes of pointers."""
    (event,) = log.record(1)
    rewrite(event, body_of(event) | {"detail": detail})
    log.seal()
    code, words = verify(export_to(log.folder / "all"), log.public_key)
    wrong = "no event says that it was redacted" if is_possible else "more, or elsewhere, than any recorded"
    assert (code, wrong in words) == (2, True)
