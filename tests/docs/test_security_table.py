"""docs/security.md is what the catalogue and the tests' markers say, and leaves out no requirement."""

import re
from pathlib import Path

from tests.docs.security_table import ROOT, TABLE, marked_tests, open_requirements, read_catalogue, table

LEVELS_1_AND_2 = 246  # of ASVS 5.0, without WebRTC
BEYOND = {"V2.3.5", "V2.4.2", "V3.4.7", "V7.5.3", "V8.2.4", "V8.3.3", "V13.3.3", "V14.2.7"}


def test_it_is_up_to_date() -> None:
    assert TABLE.read_text(encoding="utf-8") == table(read_catalogue(), marked_tests()), "make security"


def test_every_requirement_stands_in_one_place() -> None:
    catalogue = read_catalogue()
    keys = [*catalogue.applies, *catalogue.documented, *catalogue.does_not_apply]
    assert len(keys) == len(set(keys))
    assert set(keys) >= BEYOND | {"V17"}
    assert len(set(keys) - BEYOND - {"V17"}) == LEVELS_1_AND_2


def test_a_marker_names_a_requirement_that_applies() -> None:
    assert set(marked_tests()) <= set(read_catalogue().applies)


def test_a_document_that_answers_has_that_heading() -> None:
    for key, (_statement, place) in read_catalogue().documented.items():
        path, _, anchor = place.partition("#")
        headings = re.findall(r"^#+ (.*)$", (ROOT / path).read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert anchor in {heading.lower().replace(" ", "-") for heading in headings}, key


def test_a_requirement_without_a_test_is_open(tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text(
        'import pytest\n\n\n@pytest.mark.asvs("V1.1.1", "V7.3.1")\ndef test_it_holds() -> None: ...\n', encoding="utf-8"
    )
    tests = marked_tests(tmp_path)
    assert tests == {"V1.1.1": ["test_one.py::test_it_holds"], "V7.3.1": ["test_one.py::test_it_holds"]}
    still_open = open_requirements(read_catalogue(), tests)
    assert "V7.3.2" in still_open
    assert "V7.3.1" not in still_open
