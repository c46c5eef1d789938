"""Pinning anew must not be bound by the pins of before."""

from deploy.constraints import REQUIREMENTS, ROOT, unconstrained


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
