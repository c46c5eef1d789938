"""Real processes, to be started, harmed and ended. Knows nothing of what they do."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FIRST_BYTES = 400_000
LONGEST_LIFE_SECONDS = 3600  # whatever becomes of the campaign, nothing that it started outlives this


class Process:
    """One process with all that it starts: a session of its own. Each of its lives writes a log file of its own."""

    def __init__(self, name: str, command: Sequence[object], env: Mapping[str, str], logs: Path) -> None:
        self.name = name
        self._command = ["timeout", "--signal=KILL", str(LONGEST_LIFE_SECONDS), *map(str, command)]
        self._env = dict(env)
        self._logs = logs
        self._lives = 0
        self._process: subprocess.Popen[bytes] | None = None
        self.is_paused = False

    @property
    def log(self) -> Path:
        """Of the present life."""
        return self._logs / f"{self.name}.{self._lives}.log"

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def has_said(self, words: bytes) -> bool:
        """Whether these words stand near the beginning of this life's log."""
        with self.log.open("rb") as file:
            return words in file.read(FIRST_BYTES)

    def start(self) -> None:
        """Starts it, or starts it anew if it has ended."""
        self._lives += 1
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                self._command,
                env=self._env,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def kill(self) -> None:
        """kill -9, to the whole group at once; gives it no chance to tidy up."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
        self.is_paused = False

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)
        self.is_paused = True

    def resume(self) -> None:
        self._signal(signal.SIGCONT)
        self.is_paused = False

    def children(self) -> list[int]:
        """What `timeout` runs: the process itself."""
        if self._process is None:
            return []
        found = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(child) for child in found.read_text(encoding="ascii").split()]

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return
