"""Counts every commit to the database, every send to Azure and every mail, and ends the worker at any one of them.

The product holds no hook of its own: what is wrapped here is Django's and requests', for the time of a `with` block.

Ordinary tests run within one transaction that is rolled back. There, the end of the outermost `atomic()` of the product
releases a savepoint instead of committing, which is the same thing to a story on one connection: released, its changes
are what every later statement finds; rolled back, they never were, the callbacks of `on_commit` included. What that
cannot show, that a real commit outlives a real death, is shown by test_killed_processes.py with the same points.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.db.transaction import Atomic
from requests import PreparedRequest
from requests.adapters import HTTPAdapter

from reimage.azure import transport

UUID_LENGTH = 36
WRITES = ("INSERT", "UPDATE", "DELETE")
HELPERS = ("leases.commit", "leases._look_again_later", "moves.wait")
Death = Callable[[int, str], bool]  # (number of the point since the last death, its label) -> die here?


class WorkerDied(BaseException):
    """As by kill -9: nothing catches it, and a transaction that was open is gone."""


def at_number(number: int) -> Death:
    """At the point of this number, counted from 0."""
    return lambda reached, _label: reached == number


def at_label(label: str) -> Death:
    """At the first point of this label."""
    return lambda _reached, found: found == label


def never(_reached: int, _label: str) -> bool:
    """Goes on to the end."""
    return False


def _raise(label: str) -> None:
    raise WorkerDied(label)


@dataclass
class Failpoints:
    """The points as they are reached, and where the next death is."""

    death: Death = never
    die: Callable[[str], None] = _raise
    reached: list[str] = field(default_factory=list)

    def reach(self, when: str, what: str) -> None:
        """One point: before the effect, or after it and before anything else."""
        label = f"{when} {what}"
        self.reached.append(label)
        if self.death(len(self.reached) - 1, label):
            self.die(label)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Whatever commits or sends in this block reaches its points."""
        depth = len(connection.atomic_blocks)
        with pytest.MonkeyPatch.context() as patch, connection.execute_wrapper(self._autocommitting(depth)):
            self._watch_transactions(patch, depth)
            self._watch_sends(patch)
            self._watch_mails(patch)
            yield

    def _autocommitting(self, depth: int) -> Callable[..., Any]:
        """A write outside of any transaction commits itself."""

        def execute(run: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
            verb = sql.split(None, 1)[0]
            if verb not in WRITES or len(connection.atomic_blocks) > depth:
                return run(sql, params, many, context)
            what = f"{verb.lower()} by {_caller()}"
            self.reach("before", what)
            result = run(sql, params, many, context)
            self.reach("after", what)
            return result

        return execute

    def _watch_transactions(self, patch: pytest.MonkeyPatch, depth: int) -> None:
        begin, end = Atomic.__enter__, Atomic.__exit__

        def enter(block: Atomic) -> None:
            if len(connection.atomic_blocks) == depth:
                block.savepoint = True  # Django's own `atomic(savepoint=False)` would otherwise have nothing to undo
            begin(block)

        def leave(block: Atomic, kind: Any, error: Any, traceback: Any) -> None:
            if kind is not None or len(connection.atomic_blocks) > depth + 1:
                return end(block, kind, error, traceback)
            what = f"commit by {_caller()}"
            try:
                self.reach("before", what)
            except WorkerDied as died:
                end(block, WorkerDied, died, died.__traceback__)
                raise
            end(block, None, None, None)
            return self.reach("after", what)

        patch.setattr(Atomic, "__enter__", enter)
        patch.setattr(Atomic, "__exit__", leave)

    def _watch_sends(self, patch: pytest.MonkeyPatch) -> None:
        """In the thread of whoever waits for the answer, so that it is known who sends, and dies."""
        send = HTTPAdapter.send
        patch.setattr(transport, "_begin", lambda target: target())

        def watched(adapter: HTTPAdapter, request: PreparedRequest, **options: Any) -> Any:
            what = f"{request.method} {_target(request)} by {_caller()}"
            self.reach("before", what)
            response = send(adapter, request, **options)
            try:
                self.reach("after", what)
            except WorkerDied:
                response.close()  # the kernel would
                raise
            return response

        patch.setattr(HTTPAdapter, "send", watched)

    def _watch_mails(self, patch: pytest.MonkeyPatch) -> None:
        send = EmailBackend.send_messages

        def watched(backend: EmailBackend, messages: Any) -> int:
            self.reach("before", "send mail")
            sent = send(backend, messages)
            self.reach("after", "send mail")
            return sent

        patch.setattr(EmailBackend, "send_messages", watched)


def _target(request: PreparedRequest) -> str:
    """The last word of its path; of an operation's address, whose last word is never the same, the one before."""
    *_, before, last = urlsplit(str(request.url)).path.split("/")
    return before if len(last) == UUID_LENGTH else last


def _caller() -> str:
    """The service that did it, e.g. reimaging._accepted; not the helpers through which all of them write."""
    frame = sys._getframe(1)
    found = ""
    while frame.f_back:
        module = frame.f_globals.get("__name__", "")
        if module.startswith("reimage.services."):
            found = f"{module.removeprefix('reimage.services.')}.{frame.f_code.co_name}"
            if found not in HELPERS:
                return found
        frame = frame.f_back
    return found or "?"
