"""Pins every package anew: installs the requirements without constraints.txt, writes down what came, and their hashes.

With --locks, only the hashes: what constraints.txt pins, for every Python, system and processor.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {
    "requirements.txt": "requirements.lock",
    "sandbox/requirements.txt": "sandbox/requirements.lock",
    "requirements-dev.txt": "requirements-dev.lock",
}
REQUIREMENTS = tuple(LOCKS)
HEADER = "# Every package, exactly. Made by: make constraints\n"
LOCK_HEADER = "# What {source} installs, each file by its hash. Made by: make locks\n"
OLDEST_PYTHON = "3.11"
UV = "uv==0.13.9"  # writes hashes of all files of a release, and which system needs what; pip can do neither
# Only packages and hashes: where they come from is for the machine that installs them to say.
# Extras are named: pip, asked for coverage[toml] by a package, would else look for a newer one without a hash.
COMPILE = [
    *("--universal", "--generate-hashes", "--no-strip-extras"),
    *("--no-header", "--no-annotate", "--no-emit-index-url", "--quiet"),
]


def unconstrained(text: str) -> str:
    """A requirements file without its line that names constraints.txt."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("-c "))


def _python_in(folder: Path) -> str:
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return str(folder / "bin/python")


def _pip(python: str, *arguments: str) -> str:
    command = [python, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _freeze(folder: Path) -> str:
    for name in REQUIREMENTS:
        copy = folder / name
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(unconstrained((ROOT / name).read_text(encoding="utf-8")), encoding="utf-8")
    python = _python_in(folder / "venv")
    _pip(python, "install", "--quiet", "-r", str(folder / "requirements-dev.txt"))
    return _pip(python, "freeze")


def _write_locks(folder: Path) -> None:
    python = _python_in(folder / "uv")
    _pip(python, "install", "--quiet", UV)
    for source, lock in LOCKS.items():
        made = folder / "lock"
        command = [python, "-m", "uv", "pip", "compile", *COMPILE, "--python-version", OLDEST_PYTHON]
        subprocess.run([*command, source, "--output-file", str(made)], cwd=ROOT, check=True)
        text = LOCK_HEADER.format(source=source) + made.read_text(encoding="utf-8")
        (ROOT / lock).write_text(text, encoding="utf-8")
        made.unlink()


def main(arguments: list[str]) -> None:
    """Writes constraints.txt and the locks; an old one stays where making the new one fails."""
    with tempfile.TemporaryDirectory() as folder:
        if arguments != ["--locks"]:
            (ROOT / "constraints.txt").write_text(HEADER + _freeze(Path(folder)), encoding="utf-8")
        _write_locks(Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
