"""The drawings in docs/architecture.md are those of the declared life cycles."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from reimage.domain import operation_states, request_states

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "architecture.md"


@pytest.mark.parametrize(
    ("name", "mermaid"), [("request", request_states.mermaid), ("operation", operation_states.mermaid)]
)
def test_it_draws_the_life_cycle_as_it_is_declared(name: str, mermaid: Callable[[], str]) -> None:
    found = re.search(rf"<!-- {name} life cycle -->\n```mermaid\n(.*?)```", DOCUMENT.read_text(), flags=re.DOTALL)
    assert found is not None
    assert found[1] == mermaid()
