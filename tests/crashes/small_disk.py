"""A disk of a few megabytes that a test can fill and empty again, with a database on it."""

import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from portal.audit.models import AuditEvent
from tests import with_services
from tests.crashes.own_database import own_database
from tests.sandbox_process import ROOT

NO_SMALL_DISK = "only root can mount a small disk: nothing was tried on a full one"
MEGABYTES = 64
FILLER = "filler"


@contextmanager
def database_on_a_small_disk() -> Iterator[tuple[str, Path]]:
    """DATABASE_URL and the disk's folder. Where a disk cannot be made it skips, and says so; in CI it fails."""
    folder = Path(tempfile.mkdtemp(prefix="reimage-portal-disk-"))
    owner = _server_user()
    options = f"size={MEGABYTES}m,mode=0700,uid={owner}"
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
        ).returncode
    )
    try:
        if not mounted:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(NO_SMALL_DISK)
        with _database(folder) as url:
            yield url, folder
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


def _server_user() -> int:
    names = with_services.unprivileged() if connection.vendor == "postgresql" else {}
    return pwd.getpwnam(names["user"]).pw_uid if names else os.geteuid()


@contextmanager
def _database(folder: Path) -> Iterator[str]:
    if connection.vendor == "sqlite":
        with own_database(folder, "full") as url:
            yield url
        return
    # On a server of its own: one that cannot write a checkpoint fails all who use it.
    with tempfile.TemporaryDirectory(prefix="reimage-portal-server-") as home:
        Path(home).chmod(0o755)
        with with_services.postgresql(Path(home)) as server:
            with psycopg.connect(server, autocommit=True) as cluster:
                cluster.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
                cluster.execute("CREATE DATABASE small TABLESPACE small")
            url = server.removesuffix("/postgres") + "/small"
            migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
            subprocess.run(migrate, cwd=ROOT, env=os.environ | {"DATABASE_URL": url}, check=True)
            yield url


def fill(folder: Path) -> None:
    """Leaves not a byte."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # or it writes into the room that its log has already
    with (folder / FILLER).open("ab", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(b"\0" * (4096 if filler.tell() else 1024 * 1024))
    if connection.vendor == "postgresql":
        _use_up_the_pages()


def empty(folder: Path) -> None:
    """There is room again."""
    (folder / FILLER).unlink()


def _use_up_the_pages() -> None:
    """PostgreSQL goes on within pages that it has; what remains in those of the log is too small for an event."""
    with suppress(OperationalError):
        while True:
            with transaction.atomic():
                AuditEvent(occurred_at=timezone.now(), actor_kind="system", action="f", outcome="success").save()
