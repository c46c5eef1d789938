"""A process's pulse: a thread of its own tells the database that the process lives, and when it last heard.

The thread beats whatever the process waits for; so a worker that lives but hears nothing can be told from a dead one.
"""

import threading
import time
from uuid import uuid4

import structlog
from django.db import close_old_connections, connection

from portal.database_trouble import cause_of
from portal.health import heartbeats
from portal.health.models import ProcessRole

BEAT_SECONDS = 5.0
END_SECONDS = 20.0
log = structlog.get_logger(__name__)


class Pulse:
    """Beats from `start` to `stop`. A database that is away costs beats, never the process."""

    def __init__(self, role: ProcessRole, *, beat_seconds: float = BEAT_SECONDS) -> None:
        self.role = role
        self.identity = uuid4().hex
        self._beat_seconds = beat_seconds
        self._heard: float | None = None  # monotonic
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"pulse-{role}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def hear(self) -> None:
        """Something came, or went, through the broker. Costs nothing: the next beat writes it down."""
        self._heard = time.monotonic()

    def stop(self) -> None:
        """Ends the thread, which takes its row along."""
        self._stopped.set()
        self._thread.join(timeout=END_SECONDS)

    def beat(self) -> None:
        """One beat, now."""
        silent = None if self._heard is None else time.monotonic() - self._heard
        try:
            close_old_connections()
            heartbeats.beat(role=self.role, identity=self.identity, silent_seconds=silent)
        except Exception as err:  # whatever is wrong with the database, the next beat tries again
            log.warning("heartbeat.lost", role=self.role, cause=cause_of(err))

    def _run(self) -> None:
        try:
            self.beat()
            while not self._stopped.wait(self._beat_seconds):
                self.beat()
            self._end()
        finally:
            connection.close()

    def _end(self) -> None:
        try:
            heartbeats.end(identity=self.identity)
        except Exception as err:  # then it is missed for a while, as a dead one is
            log.warning("heartbeat.lost", role=self.role, cause=cause_of(err))
