"""A machine without PostgreSQL or Redis: a campaign says loudly what it leaves out."""

from pathlib import Path

import pytest

from tests import with_services
from tests.chaos.installation import Installation
from tests.chaos.scale import QUICK

LOUD = "SQLITE AND THE FILESYSTEM BROKER ONLY"


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(with_services, "POSTGRESQL_FOLDERS", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.parametrize(("embedded", "is_told"), [(False, True), (True, False)])
def test_what_is_missing_is_told_unless_it_was_not_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], embedded: bool, is_told: bool
) -> None:
    installation = Installation(tmp_path, seed=1, size=QUICK, embedded=embedded)
    told = capsys.readouterr().err
    assert not installation.has_postgresql
    assert (LOUD in told) is is_told
    assert ("redis-server" in told) is is_told
