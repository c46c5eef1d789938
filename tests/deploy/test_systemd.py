"""The systemd units: each process has a folder of its own, and starts with the variables that it is said to need."""

import re
from pathlib import Path

import pytest

from portal.environment import ConfigurationProblem, read_environment
from portal.worker_start import PIN_REFUSED
from tests.served_environment import SERVED

ROOT = Path(__file__).resolve().parent.parent.parent
ROLES = ("web", "worker", "beat")
OF_THE_IDENTITY = "AZURE_CREDENTIAL"  # in web.env and worker.env, not in portal.env


def values(role: str, key: str) -> list[str]:
    unit = (ROOT / f"deploy/systemd/reimage-portal-{role}.service").read_text(encoding="utf-8")
    return re.findall(rf"^{key}=(.*)$", unit, flags=re.MULTILINE)


def environment_of(role: str) -> dict[str, str]:
    return dict(value.split("=", 1) for value in values(role, "Environment"))


@pytest.mark.parametrize("role", ROLES)
def test_each_process_keeps_its_files_in_a_folder_that_is_its_own(role: str) -> None:
    (folder,) = values(role, "StateDirectory")
    assert environment_of(role)["VAR_DIR"] == f"/var/lib/{folder}"
    assert values(role, "User") == [folder]


@pytest.mark.asvs("V13.2.1", "V13.2.2")
def test_only_web_and_worker_get_an_identity_at_azure_and_each_its_own() -> None:
    shared = "/etc/reimage-portal/portal.env"
    assert {role: values(role, "EnvironmentFile") for role in ROLES} == {
        "web": [shared, "/etc/reimage-portal/web.env"],
        "worker": [shared, "/etc/reimage-portal/worker.env"],
        "beat": [shared],
    }


@pytest.mark.parametrize("role", ROLES)
def test_a_home_under_slash_home_looks_empty(role: str) -> None:
    """A forbidden one ends each connection by TLS: libpq takes a ~/.postgresql that it may not see for an error."""
    assert values(role, "ProtectHome") == ["tmpfs"]


def test_a_process_that_ended_is_started_again_but_no_worker_whose_pin_was_refused() -> None:
    assert {role: values(role, "Restart") for role in ROLES} == {role: ["always"] for role in ROLES}
    assert {role: values(role, "RestartPreventExitStatus") for role in ROLES} == {
        "web": [],
        "worker": [str(PIN_REFUSED)],
        "beat": [],
    }


def test_beat_starts_with_the_shared_variables_and_its_unit(tmp_path: Path) -> None:
    shared = {name: value for name, value in SERVED.items() if name != OF_THE_IDENTITY}
    assert read_environment(shared | environment_of("beat"), base_dir=tmp_path)
    with pytest.raises(ConfigurationProblem, match=OF_THE_IDENTITY):
        read_environment(shared, base_dir=tmp_path)


def test_the_documents_name_exactly_the_variables_that_all_share() -> None:
    text = (ROOT / "docs/deployment.md").read_text(encoding="utf-8")
    sentence = re.search(r"refuses to start without: (.*?), and of the optional", text, flags=re.DOTALL)
    assert sentence
    assert set(re.findall(r"`(\w+)`", sentence[1])) == SERVED.keys() - {OF_THE_IDENTITY}
