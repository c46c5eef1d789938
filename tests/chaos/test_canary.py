"""The search finds the canary in each spelling that a program could write it in."""

import base64
import json
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.chaos.canary import CUSTOM_DATA, leaks_in_files, leaks_in_texts, password_of

SPELLINGS = {
    "plain": password_of(7),
    "form": urlencode({"password": password_of(7)}),
    "json": json.dumps({"password": password_of(7)}),
    "json in json": json.dumps(json.dumps({"password": password_of(7)})),
    "json, not escaped": json.dumps({"password": password_of(7)}, ensure_ascii=False),
    "repr": repr({"password": password_of(7)}),
    "base64": base64.b64encode(password_of(7).encode()).decode(),
    "customData": base64.b64encode(CUSTOM_DATA.encode()).decode(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_it_is_found(spelling: str, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(f"a line with {SPELLINGS[spelling]} in it", encoding="utf-8")
    assert list(leaks_in_files([tmp_path / "log"])) == [str(tmp_path / "log")]
    assert list(leaks_in_texts([("row", SPELLINGS[spelling])])) == ["row"]


def test_nothing_else_is(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a canary, but not ours: Canary-8", encoding="utf-8")
    assert not list(leaks_in_files([tmp_path / "log", tmp_path, tmp_path / "absent"]))
    (tmp_path / "empty").touch()
    assert not list(leaks_in_files([tmp_path / "empty"]))
