"""kombu's filesystem transport for the embedded broker, with writes that no other process sees half done.

kombu makes a file visible before its content is there. A worker that took such a message, or read such a table of
queues, met no JSON and died of it.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic_ns
from typing import Any
from uuid import uuid4

import structlog
from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

logger = structlog.get_logger(__name__)


class Channel(filesystem.Channel):
    """Messages appear by a rename; tables of queues are read and written one process at a time."""

    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]  # kombu's own name for it
        file = Path(self.data_folder_out, f"{monotonic_ns() // 1_000_000}_{uuid4()}.{queue}.msg")
        unfinished = file.with_suffix(".part")
        try:
            unfinished.write_text(dumps(payload))
            unfinished.replace(file)
        except OSError as err:
            unfinished.unlink(missing_ok=True)
            raise ChannelError(f"Cannot add {file} to the broker's folder") from err

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        """The next message. One that cannot be read is dropped: the database says what is due, and it is rung again."""
        while True:
            try:
                return super()._get(queue)
            except ValueError:
                logger.warning("broker.message_unreadable", queue=queue)

    def get_table(self, exchange: str) -> Any:
        with self._alone():
            return super().get_table(exchange)

    def _queue_bind(self, *arguments: Any) -> None:
        with self._alone():
            super()._queue_bind(*arguments)

    def _delete(self, *arguments: Any, **options: Any) -> None:
        with self._alone():
            super()._delete(*arguments, **options)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.control_folder.mkdir(parents=True, exist_ok=True)
        with (self.control_folder / "lock").open("w") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX)
            yield  # closing the file lets go of the lock


class Transport(filesystem.Transport):
    """What `filesystem://` means from here on."""

    Channel = Channel


def install() -> None:
    """Makes `filesystem://` in a broker's address mean this transport."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
