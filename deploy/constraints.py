"""Pins every package anew: installs the requirements without constraints.txt and writes down what came."""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ("requirements.txt", "sandbox/requirements.txt", "requirements-dev.txt")
HEADER = "# Every package, exactly. Made by: make constraints\n"


def unconstrained(text: str) -> str:
    """A requirements file without its line that names constraints.txt."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("-c "))


def _freeze(folder: Path) -> str:
    for name in REQUIREMENTS:
        copy = folder / name
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(unconstrained((ROOT / name).read_text(encoding="utf-8")), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    pip = [str(folder / "venv/bin/python"), "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "-r", str(folder / "requirements-dev.txt")], check=True)
    return subprocess.run([*pip, "freeze"], check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Writes constraints.txt; the old one stays where the installation fails."""
    with tempfile.TemporaryDirectory() as folder:
        frozen = _freeze(Path(folder))
    (ROOT / "constraints.txt").write_text(HEADER + frozen, encoding="utf-8")


if __name__ == "__main__":
    main()
