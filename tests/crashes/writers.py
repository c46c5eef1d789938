"""Which functions of the product write what came of a step, read from its source."""

import ast
from pathlib import Path

from tests.crashes.failpoints import HELPERS
from tests.sandbox_process import ROOT

SERVICES = ROOT / "reimage" / "services"
COMMIT = "leases.commit"


def writers() -> set[str]:
    """Every caller of `leases.commit`, named as a point of death names it: module and function.

    Of a helper through which others write, its callers.
    """
    calls = {caller: called for file in sorted(SERVICES.glob("*.py")) for caller, called in _calls(file).items()}
    through = {COMMIT} | {caller for caller, called in calls.items() if caller in HELPERS and COMMIT in called}
    return {caller for caller, called in calls.items() if called & through} - set(HELPERS)


def _calls(file: Path) -> dict[str, set[str]]:
    """What each function of a module calls of this and other modules of services."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imported = {
        alias.asname or alias.name: f"{node.module.rpartition('.')[2]}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("reimage.services.")
        for alias in node.names
    }
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {f"{file.stem}.{function.name}": _called(function, file.stem, imported) for function in functions}


def _called(function: ast.FunctionDef, module: str, imported: dict[str, str]) -> set[str]:
    names = {ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
    return {name if "." in name else imported.get(name, f"{module}.{name}") for name in names}
