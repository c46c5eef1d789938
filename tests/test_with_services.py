"""The throwaway PostgreSQL and Redis: where they are missing, the run says so, and CI does not pass."""

import pytest

from tests import with_services


@pytest.fixture
def no_programs(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(with_services, "POSTGRESQL_FOLDERS", str(tmp_path / "*"))
    monkeypatch.delenv("CI", raising=False)


@pytest.mark.usefixtures("no_programs")
def test_without_the_services_it_passes_with_one_loud_line(capsys):
    assert with_services.main(["false"]) == 0
    assert capsys.readouterr().err.count("initdb, postgres, redis-server not found: the suite was NOT run") == 1


@pytest.mark.usefixtures("no_programs")
def test_without_the_services_ci_fails(monkeypatch):
    monkeypatch.setenv("CI", "true")
    assert with_services.main(["true"]) == 1


def test_postgresqls_programs_are_found_where_debian_keeps_them(tmp_path, monkeypatch):
    for version in ("13", "15"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "initdb").touch(mode=0o755)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(with_services, "POSTGRESQL_FOLDERS", str(tmp_path / "*" / "bin"))
    assert with_services.find_program("initdb") == str(tmp_path / "15" / "bin" / "initdb")
