"""Finds, in the sources, every code that is raised or noted for people, and what is handed over with it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.languages.catalogue import ROOT

CODE = "code"
RECORDED = {"detail", "evidence"}


@dataclass(frozen=True)
class Use:
    """One place in the sources; `params` is None where they are put together elsewhere."""

    code: str
    place: str
    params: frozenset[str] | None


def trees(*rooms: str) -> Iterator[tuple[Path, ast.Module]]:
    paths = [path for room in rooms for path in sorted((ROOT / room).rglob("*.py"))]
    return ((path, ast.parse(path.read_text())) for path in [*paths, ROOT / "reimage" / "forms.py"])


def violation_uses() -> list[Use]:
    """RuleViolation(field, code, params), wherever a rule is broken."""
    return [
        use
        for path, tree in trees("reimage/domain", "reimage/services")
        for call in _calls(tree)
        if _name(call) == "RuleViolation"
        for use in _uses(path, call.args[1], _keys(call.args[2]) if len(call.args) > 2 else frozenset())
    ]


def note_uses() -> list[Use]:
    """{"code": …, "params": …} in the services, calls of their functions that take a code, and `code = …`."""
    parsed = list(trees("reimage/services"))
    takers = {name: at for _, tree in parsed for name, at in _functions_that_take_a_code(tree)}
    found: list[Use] = []
    for path, tree in parsed:
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict) and (members := _members(node)).keys() == {CODE, "params"}:
                found += _uses(path, members[CODE], _keys(members["params"]))
            elif isinstance(node, ast.Call) and _name(node) in takers:
                found += _uses(path, node.args[takers[_name(node)]], _keywords(node))
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == CODE:
                found += _uses(path, node.value, None)
    return found


def _functions_that_take_a_code(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and CODE in (names := [arg.arg for arg in node.args.args]):
            yield node.name, names.index(CODE)


def _uses(path: Path, node: ast.expr, params: frozenset[str] | None) -> list[Use]:
    """A code is a literal, or one of two; a name or attribute only passes one on."""
    if isinstance(node, ast.Name | ast.Attribute):
        return []
    nodes = [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]
    place = f"{path.relative_to(ROOT)}:{node.lineno}"
    assert all(isinstance(item, ast.Constant) for item in nodes), f"{place}: write the code as a literal."
    return [Use(str(item.value), place, params) for item in nodes if isinstance(item, ast.Constant)]


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    return getattr(call.func, "id", None) or getattr(call.func, "attr", "")


def _members(node: ast.Dict) -> dict[str, ast.expr]:
    return {str(getattr(key, "value", "")): value for key, value in zip(node.keys, node.values, strict=True)}


def _keys(node: ast.expr) -> frozenset[str] | None:
    return frozenset(_members(node)) if isinstance(node, ast.Dict) and None not in node.keys else None


def _keywords(call: ast.Call) -> frozenset[str] | None:
    names = [keyword.arg for keyword in call.keywords]
    return None if None in names else frozenset(filter(None, names))


def detail_keys() -> set[str]:
    """The keys of every detail that is recorded, as far as they are written out."""
    return {
        str(key.value)
        for _path, tree in trees("reimage/services", "portal/identity", "portal/audit")
        for node in ast.walk(tree)
        if (value := _detail_in(node)) is not None
        for mapping in ast.walk(value)
        if isinstance(mapping, ast.Dict)
        for key in mapping.keys
        if isinstance(key, ast.Constant)
    }


def _detail_in(node: ast.AST) -> ast.expr | None:
    """detail=…, or detail = …"""
    if isinstance(node, ast.keyword) and node.arg in RECORDED:
        return node.value
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return getattr(node, "value", None) if getattr(targets[0], "id", "") in RECORDED else None
