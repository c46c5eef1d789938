"""A broker that is missing costs one loud line locally, and CI its success."""

from pathlib import Path

import pytest

from tests.brokers import servers


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(servers, "RABBITMQ_FOLDER", tmp_path)


@pytest.mark.parametrize("name", servers.BROKERS)
def test_without_it_the_test_is_skipped_with_the_remedy(name: str) -> None:
    with pytest.raises(pytest.skip.Exception, match=f"{name} not found.*apt install {name}-server"):
        servers.needed(name, {})


@pytest.mark.parametrize("name", servers.BROKERS)
def test_without_it_ci_fails(name: str) -> None:
    with pytest.raises(pytest.fail.Exception, match="NOT tried"):
        servers.needed(name, {"CI": "true"})
