"""One process of the demo: what it prints is prefixed, and it ends with all that it started."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

LAST_LINES = 20
PR_SET_PDEATHSIG = 1  # prctl(2)
_LIBC = ctypes.CDLL(None)


def _end_with_the_supervisor() -> None:
    """Even a supervisor that is killed outright leaves no orphan."""
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """A running process, in a session of its own: Ctrl-C reaches it through the supervisor alone."""

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str], *, cwd: Path, prefix: str) -> None:
        self.name = name
        self._prefix = prefix
        self._last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._process = subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_the_supervisor if sys.platform == "linux" else None,
        )
        self._reader = threading.Thread(target=self._relay, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    def _relay(self, stream: IO[bytes]) -> None:
        for raw in stream:
            line = raw.decode("utf-8", errors="replace").rstrip()
            self._last_lines.append(line)
            sys.stdout.write(f"{self._prefix}{line}\n")  # at once: between a line and its end another could come
            sys.stdout.flush()

    @property
    def pid(self) -> int:
        """Of the process, its session and its group."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        """To the process and to all that it started."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return

    def kill(self) -> None:
        """Ends what is left of it, and waits for the end."""
        self.signal(signal.SIGKILL)
        self._process.wait()
        self._reader.join()

    def obituary(self) -> str:
        """Its exit code and the last that it said."""
        self._reader.join(timeout=1)
        said = "\n".join(f"    {line}" for line in self._last_lines) or "    (nothing)"
        return f"{self.name} ended with exit code {self.exit_code()}. The last it said:\n{said}"
