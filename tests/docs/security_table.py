"""Makes docs/security.md from docs/asvs.toml and the tests that are marked asvs: python -m tests.docs.security_table

Reads the tests as text and runs none of them, so the table is the same whatever part of the suite runs.
"""

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "docs" / "asvs.toml"
TABLE = ROOT / "docs" / "security.md"
INTRODUCTION = """\
# Security, requirement by requirement

The portal is held against OWASP ASVS 5.0 at level 2, with some requirements of level 3. Each row says what one of them
means here and which tests show it. This file is made by `make security` from `docs/asvs.toml` and the tests' markers;
a test fails where it is not up to date. Rules and limits stand in [protection.md](protection.md), what the whole
protects against in [threat-model.md](threat-model.md).
"""


@dataclass(frozen=True)
class Catalogue:
    """What applies, what a document answers, and what does not apply, by ASVS id."""

    chapters: Mapping[str, str]
    applies: Mapping[str, str]
    documented: Mapping[str, list[str]]
    does_not_apply: Mapping[str, str]


def read_catalogue() -> Catalogue:
    return Catalogue(**tomllib.loads(CATALOGUE.read_text(encoding="utf-8")))


def marked_tests(folder: Path = ROOT / "tests") -> dict[str, list[str]]:
    """By ASVS id the names of the tests that are marked with it."""
    found = defaultdict(list)
    for file in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for requirement in _ids_at(node):
                    found[requirement].append(f"{file.relative_to(folder).as_posix()}::{node.name}")
    return dict(found)


def _ids_at(function: ast.FunctionDef) -> Iterator[str]:
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.asvs":
            yield from (ast.literal_eval(argument) for argument in decorator.args)


def open_requirements(catalogue: Catalogue, tests: Mapping[str, list[str]]) -> list[str]:
    """What applies and no test shows."""
    return sorted((key for key in catalogue.applies if key not in tests), key=_order)


def table(catalogue: Catalogue, tests: Mapping[str, list[str]]) -> str:
    """The whole document."""
    still_open = open_requirements(catalogue, tests)
    shown = len(catalogue.applies) - len(still_open)
    tally = {
        "Shown by tests": shown,
        "Answered by a document": len(catalogue.documented),
        "Open": len(still_open),
        "Not applicable": len(catalogue.does_not_apply),
    }
    parts = [
        INTRODUCTION,
        " ".join(f"{name}: {number}." for name, number in tally.items()) + "\n",
        _section(
            "Open",
            "No test shows these; some are not built.",
            ("id", "what should hold"),
            _rows(still_open, catalogue.applies),
        ),
    ]
    for chapter, title in catalogue.chapters.items():
        rows = _chapter_rows(chapter, catalogue, tests)
        if rows:
            parts.append(_section(f"{chapter} {title}", "", ("id", "what it means here", "shown by"), rows))
    absent = sorted(catalogue.does_not_apply, key=_order)
    parts.append(_section("Not applicable", "", ("id", "because"), _rows(absent, catalogue.does_not_apply)))
    return "\n".join(parts)


def _chapter_rows(chapter: str, catalogue: Catalogue, tests: Mapping[str, list[str]]) -> list[tuple[str, ...]]:
    rows = []
    for key in sorted({*catalogue.applies, *catalogue.documented}, key=_order):
        if key.partition(".")[0] != chapter:
            continue
        if key in catalogue.documented:
            statement, place = catalogue.documented[key]
            rows.append((key, statement, f"[{place.partition('#')[2]}]({place.removeprefix('docs/')})"))
        elif key in tests:
            rows.append((key, catalogue.applies[key], "<br>".join(f"`{name}`" for name in tests[key])))
    return rows


def _rows(keys: list[str], texts: Mapping[str, str]) -> list[tuple[str, ...]]:
    return [(key, texts[key]) for key in keys]


def _section(title: str, lead: str, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [f"## {title}\n", *([f"{lead}\n"] if lead else []), _line(head), _line(("---",) * len(head))]
    return "\n".join([*lines, *(_line(row) for row in rows), ""])


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _order(key: str) -> tuple[int, ...]:
    return tuple(int(part) for part in key.removeprefix("V").split("."))


if __name__ == "__main__":
    TABLE.write_text(table(read_catalogue(), marked_tests()), encoding="utf-8")
