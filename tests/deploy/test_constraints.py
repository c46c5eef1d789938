"""Pinning anew must not be bound by the pins of before."""

import re

import pytest

from deploy.constraints import LOCKS, REQUIREMENTS, ROOT, unconstrained

ENTRY = r"^([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==(\S+)((?: ;.*?)?)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$"


def constraints() -> list[str]:
    return (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()


def test_a_requirements_file_is_freed_of_its_constraints_alone():
    assert (
        unconstrained("-c ../constraints.txt\n-r requirements.txt\nDjango==5.2\n")
        == "-r requirements.txt\nDjango==5.2\n"
    )


def test_every_requirements_file_is_bound_by_the_constraints():
    for name in REQUIREMENTS:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert unconstrained(text) != text, name


def test_every_requirement_is_pinned_as_the_constraints_say():
    pins = {line.lower() for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()}
    for name in REQUIREMENTS:
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            requirement = line.partition("#")[0].strip().lower()
            package, exact, version = requirement.partition("==")
            if exact:
                assert f"{package.partition('[')[0]}=={version}" in pins, f"{name}: {requirement}"


@pytest.mark.asvs("V15.2.1")
@pytest.mark.parametrize(("source", "lock"), LOCKS.items())
def test_a_lock_holds_every_pin_with_hashes_and_no_address(source: str, lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    pins = {line.lower().replace("_", "-").replace(".", "-") for line in constraints()}
    entries = re.findall(
        r"^([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==(\S+)((?: ;.*?)?)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$",
        text,
        re.MULTILINE,
    )
    assert len(entries) == len([line for line in text.splitlines() if line[0] not in "# "])
    ours = [(name, version) for name, version, marker, _hashes in entries if not marker]
    unpinned = [name for name, version in ours if f"{name}=={version}".replace(".", "-") not in pins]
    assert set(unpinned) <= {"pip"}  # comes with every environment, and is in no freeze
    asked = re.findall(r"^([A-Za-z][\w.-]*)(?:\[\w+\])?==", (ROOT / source).read_text(encoding="utf-8"), re.MULTILINE)
    assert {name.lower().replace("_", "-") for name in asked} <= {name for name, _version in ours}
    assert "://" not in text


def test_a_lock_holds_wheels_of_every_system_that_runs_the_portal() -> None:
    """Of a release with machine code there are at least three Pythons' wheels for two processors, and the source."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for name in ("psycopg-binary", "cffi"):
        entry = re.search(rf"^{name}==.*?(?=^\S)", text, re.MULTILINE | re.DOTALL)
        assert entry is not None
        assert entry[0].count("--hash=") >= 7
