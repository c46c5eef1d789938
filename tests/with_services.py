"""Runs a command over a throwaway PostgreSQL and Redis: python -m tests.with_services COMMAND…

Both listen on loopback, live in a temporary folder and end with the command. Where the programs are missing, says so
in one loud line and succeeds; under CI it fails instead.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from glob import glob
from pathlib import Path

import psycopg

from tests.ports import free_port, is_listening

START_SECONDS = 30
POSTGRESQL_FOLDERS = "/usr/lib/postgresql/*/bin"  # Debian keeps its programs off PATH, a folder per version
# Throwaway: what a crash would lose is not missed.
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


def find_program(name: str) -> str | None:
    """A program on PATH, else PostgreSQL's newest."""
    kept_aside = sorted(glob(f"{POSTGRESQL_FOLDERS}/{name}"), reverse=True)
    return shutil.which(name) or next(iter(kept_aside), None)


def missing_programs() -> list[str]:
    """Those of the needed programs that this machine lacks."""
    return [name for name in ("initdb", "postgres", "redis-server") if not find_program(name)]


def unprivileged() -> dict[str, str]:
    """PostgreSQL refuses to run as root: somebody else, for subprocess."""
    if os.geteuid() != 0:
        return {}
    names = {line.split(":", 1)[0] for line in Path("/etc/passwd").read_text(encoding="utf-8").splitlines()}
    return {"user": "postgres" if "postgres" in names else "nobody"}


@contextmanager
def _running(name: str, command: list[str], is_ready: Callable[[], bool], log: Path, **how: str) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=log.parent, **how)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{name} did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGINT)  # PostgreSQL would wait for its last client after a SIGTERM
        process.wait(timeout=START_SECONDS)


@contextmanager
def postgresql(folder: Path, *more: str) -> Iterator[str]:
    """A database server of its own, with `more` options as name=value; gives its DATABASE_URL."""
    port, how = free_port(), unprivileged()
    if "user" in how:
        shutil.chown(folder, how["user"])
    initdb = [str(find_program("initdb")), "-D", "data", "-U", "portal", "-E", "UTF8", "--auth=trust", "--no-sync"]
    subprocess.run([*initdb, "--locale=C.UTF-8"], cwd=folder, check=True, stdout=subprocess.DEVNULL, **how)
    options = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *QUICK, *more]
    command = [str(find_program("postgres")), "-D", "data", *[part for option in options for part in ("-c", option)]]
    url = f"postgres://portal@127.0.0.1:{port}/postgres"
    with _running("PostgreSQL", command, lambda: _answers(url), folder / "log", **how):
        yield url


def _answers(url: str) -> bool:
    """PostgreSQL listens a moment before it takes anybody in."""
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis of its own; gives its CELERY_BROKER_URL."""
    port = free_port()
    command = [str(find_program("redis-server")), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with _running("Redis", command, lambda: is_listening(port), folder / "log"):
        yield f"redis://127.0.0.1:{port}/0"


def _loudly_absent(missing: list[str], environment: Mapping[str, str]) -> int:
    line = f"{', '.join(missing)} not found: the suite was NOT run on PostgreSQL and Redis"
    line += " (on Debian: apt install postgresql redis-server)"
    print(f"\n!!! {line} !!!\n", file=sys.stderr)  # noqa: T201  # the loud line
    return 1 if environment.get("CI") else 0


def main(command: list[str]) -> int:
    """The command's exit code."""
    if missing := missing_programs():
        return _loudly_absent(missing, os.environ)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="reimage-portal-services-")))
        folder.chmod(0o755)
        for name in ("postgresql", "redis"):
            (folder / name).mkdir()
        urls = {
            "DATABASE_URL": stack.enter_context(postgresql(folder / "postgresql")),
            "CELERY_BROKER_URL": stack.enter_context(redis(folder / "redis")),
        }
        return subprocess.run(command, env=os.environ | urls, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
