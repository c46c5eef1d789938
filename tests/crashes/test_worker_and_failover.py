"""The real worker, its pool of threads, and a database that ends every session while it is at work."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.models import ReimageOperation, ReimageRequest
from tests.crashes.on_postgresql import end_sessions, only_on_postgresql
from tests.crashes.own_database import postgresql_url
from tests.sandbox_process import ROOT, SandboxProcess
from tests.stories import approved, posts

pytestmark = only_on_postgresql
LIMIT_SECONDS = 120
WORKER = ["worker", "--pool", "threads", "--concurrency", "2", "--without-gossip", "--without-mingle", "--beat"]


@contextmanager
def worker(environment: dict[str, str], folder: Path) -> Iterator[Path]:
    """Runs until the end of the block; gives its log."""
    own = {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATABASE_URL": postgresql_url(connection.settings_dict["NAME"]),
        "CELERY_BROKER_URL": "filesystem://localhost",
        "VAR_DIR": str(folder),
        "OPERATION_POLL_SECONDS": "1",
    }
    log = folder / "worker.log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "celery", "--app", "portal", *WORKER]
        process = subprocess.Popen(command, cwd=ROOT, env=environment | own, stdout=output, stderr=output)
        try:
            yield log
        finally:
            process.terminate()
            process.wait(timeout=LIMIT_SECONDS)


def wait_until(happened: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not happened():
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8")[-4000:]
        time.sleep(0.05)  # between two looks


def test_it_goes_on_by_itself_and_sends_once(
    transactional_db: None,
    azure: SandboxProcess,
    azure_environment: dict[str, str],
    alice: User,
    bob: User,
    tmp_path: Path,
) -> None:
    operation = approved(alice, bob, "web-01").operations.get()
    azure.faults("slow", match={"verb": "POST", "path_contains": "/reimage"}, seconds=2)
    with worker(azure_environment, tmp_path) as log:
        wait_until(lambda: bool(posts(azure)), log)
        assert end_sessions() >= 1  # in the midst of a step: its POST is on the way
        connection.close()
        wait_until(lambda: "reimage.answer_not_stored" in log.read_text(encoding="utf-8"), log)
        followed = ReimageOperation.objects.filter(pk=operation.pk, state=OperationState.IN_PROGRESS)
        wait_until(followed.exists, log)
        end_sessions()  # between two steps
        connection.close()
        azure.advance_clock(600)  # the reimage ended, and the Activity Log tells it
        wait_until(lambda: ReimageRequest.objects.filter(state=RequestState.COMPLETED).exists(), log)
    assert len(posts(azure)) == 1
