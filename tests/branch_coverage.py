"""Fails where a room that must not be wrong has too few of its branches tested (rooms and percents: pyproject.toml)."""

import sys
import tomllib
from pathlib import Path

from coverage import Coverage

ROOT = Path(__file__).resolve().parent.parent


def branches_of(coverage: Coverage, room: str) -> tuple[int, int]:
    """(taken, all) branches of the files in one room."""
    taken = total = 0
    for file in sorted((ROOT / room).rglob("*.py")):
        if "migrations" in file.parts:
            continue
        for possible, hit in coverage.branch_stats(str(file)).values():
            taken, total = taken + hit, total + possible
    return taken, total


def shortfalls(coverage: Coverage, gates: dict[str, float]) -> list[str]:
    """One sentence per room below its gate."""
    found = []
    for room, gate in gates.items():
        if not (ROOT / room).is_dir():
            found.append(f"{room} has no file: mend the rooms in pyproject.toml.")
            continue
        taken, total = branches_of(coverage, room)
        percent = 100 * taken / total if total else 100.0
        print(f"  {room}: {percent:.1f} % of {total} branches")  # noqa: T201  # its purpose
        if percent < gate:
            found.append(f"{room} has {percent:.1f} % of its branches tested, {gate} % are asked for.")
    return found


def main() -> int:
    """Prints each room; 1 if one falls short."""
    gates = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["branch_coverage"]
    coverage = Coverage()
    coverage.load()
    found = shortfalls(coverage, gates)
    for line in found:
        print(line, file=sys.stderr)  # noqa: T201  # its purpose
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
