"""A database connection that breaks right after a commit: at the end of it, or at one of the statements that follow."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.db.transaction import Atomic

from portal.audit.models import AuditEvent
from reimage.models import ReimageOperation
from reimage.services import reimaging
from tests.crashes.failpoints import Failpoints
from tests.stories import let_lease_lapse

AFTER_A_COMMIT = 2  # statements: what `leases.commit` reads anew
WRITES = ("UPDATE", "INSERT", "DELETE")


class Breaks(Failpoints):
    """Instead of dying the worker meets a broken connection, once, at the place of this number."""

    def __init__(self, operation: ReimageOperation, number: int = -1) -> None:
        super().__init__()
        self._operation, self._number, self._statements_left = operation, number, 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        let_lease_lapse(self._operation)
        depth, end = len(connection.atomic_blocks), Atomic.__exit__

        def leave(block: Atomic, kind: Any, error: Any, traceback: Any) -> None:
            end(block, kind, error, traceback)
            if kind is None and len(connection.atomic_blocks) == depth:
                self._committed("commit")

        def execute(run: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
            is_outside = len(connection.atomic_blocks) == depth
            if is_outside and self._statements_left:
                self._statements_left -= 1
                self._pass(sql)
            result = run(sql, params, many, context)
            if is_outside and sql.startswith(WRITES):
                self._committed(sql)
            return result

        with pytest.MonkeyPatch.context() as patch, connection.execute_wrapper(execute):
            patch.setattr(Atomic, "__exit__", leave)
            # What autocommits in service does so here within the test's transaction, which goes on.
            patch.setattr(transaction, "mark_for_rollback_on_error", lambda using=None: nullcontext())
            patch.setattr(reimaging.connection, "close", lambda: None)  # the test's own
            with suppress(OperationalError):  # of the claim: Celery logs it, and the sweeper rings again
                yield

    def _committed(self, what: str) -> None:
        self._statements_left = AFTER_A_COMMIT
        self._pass(f"after {what}")

    def _pass(self, what: str) -> None:
        self.reached.append(what)
        if len(self.reached) - 1 == self._number:
            self._statements_left = 0
            raise OperationalError("the server closed the connection unexpectedly")


def said_twice() -> list[str]:
    """What the log says more than once, word for word."""
    events = AuditEvent.objects.exclude(subject="")
    said = Counter(f"{event.action} {json.loads(bytes(event.body))['detail']}" for event in events)
    return [what for what, times in said.items() if times > 1]
