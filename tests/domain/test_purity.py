import ast
import sys
from pathlib import Path

import pytest

import reimage.domain

MODULES = sorted(Path(reimage.domain.__file__).parent.glob("*.py"))
IMPURE = {"time", "random", "secrets", "os", "socket", "urllib", "http", "subprocess", "logging", "threading"}


def imported(module):
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_the_rules_import_nothing_but_the_standard_library_and_each_other(module):
    for name in imported(module):
        root = name.partition(".")[0]
        assert name.startswith("reimage.domain") or root in sys.stdlib_module_names - IMPURE


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_the_rules_never_ask_for_the_time(module):
    calls = (
        node.attr for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))) if isinstance(node, ast.Attribute)
    )
    assert not {"now", "utcnow", "today"} & set(calls)
