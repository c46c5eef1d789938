"""Does the broker answer? Asked in a thread of its own, so that one that hangs cannot hang the asker."""

import os
import threading
import time
from pathlib import Path

from celery import Celery
from celery.app import app_or_default
from kombu import Connection

PATIENCE_SECONDS = 2.0
MEMORY_SECONDS = 2.0  # whoever asks more often gets the same answer: the probe is open to all


class BrokerProbe:
    """Remembers the last answer for a moment, and has at most one question open."""

    def __init__(self, app: Celery | None = None) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._question: threading.Thread | None = None
        self._answered_at = float("-inf")
        self._answer = False

    def answers(self) -> bool:
        """Whether it answers now, or did just before; after PATIENCE_SECONDS without an answer it does not."""
        with self._lock:
            if time.monotonic() - self._answered_at < MEMORY_SECONDS:
                return self._answer
            if self._question is None or not self._question.is_alive():
                self._question = threading.Thread(target=self._ask, name="broker-probe", daemon=True)
                self._answer = False
                self._question.start()
            self._question.join(PATIENCE_SECONDS)
            if self._question.is_alive():
                return False
            self._answered_at = time.monotonic()
            return self._answer

    def _ask(self) -> None:
        try:
            self._answer = ask(self._app or app_or_default())
        except Exception:  # kombu raises whatever its transport does; all of it means no
            self._answer = False


def ask(app: Celery) -> bool:
    """One attempt to reach the broker; may hang, may raise."""
    if str(app.conf.broker_url).startswith("filesystem:"):
        folder = Path(app.conf.broker_transport_options["data_folder_in"])
        return folder.is_dir() and os.access(folder, os.R_OK | os.W_OK)
    # Its options, but for the patience: the app's own wait longer than a probe may.
    quick = {"socket_connect_timeout": PATIENCE_SECONDS, "socket_timeout": PATIENCE_SECONDS, "max_retries": 0}
    options = {**app.conf.broker_transport_options, **quick}
    patience, tls = PATIENCE_SECONDS, app.conf.broker_use_ssl
    with Connection(app.conf.broker_url, connect_timeout=patience, ssl=tls, transport_options=options) as connection:
        connection.connect()
        connection.default_channel  # noqa: B018  # Redis connects and pings only now
    return True


probe = BrokerProbe()
