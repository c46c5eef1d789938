"""Runs the real `make demo`, all its processes, on free ports and in a folder of its own: a stack to test against."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from tests.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
READY = "Reimage Portal is ready"
START_SECONDS = 90
END_SECONDS = 40


class Stack(Protocol):
    """What a test needs to know of a demo: its folder, the portal, and the sandbox's sign-in pages and control API."""

    folder: Path
    url: str
    sandbox_url: str


@dataclass
class RunningStack:
    """A demo that somebody else started, perhaps on a machine or in a container of its own."""

    folder: Path
    url: str
    sandbox_url: str

    @classmethod
    def named_by(cls, environment: Mapping[str, str]) -> Self | None:
        """The one that RUNNING_DEMO_URL, _SANDBOX_URL and _DIR name; None where they name none. All three or none."""
        names = ("RUNNING_DEMO_DIR", "RUNNING_DEMO_URL", "RUNNING_DEMO_SANDBOX_URL")
        folder, url, sandbox_url = (environment.get(name, "") for name in names)
        if not (folder or url or sandbox_url):
            return None
        if not (folder and url and sandbox_url):
            raise RuntimeError(f"A demo that runs already is named by {', '.join(names)} together.")
        if not Path(folder).is_dir():
            raise RuntimeError(f"RUNNING_DEMO_DIR names no folder: {folder}")
        return cls(Path(folder), url.rstrip("/"), sandbox_url.rstrip("/"))


class DemoStack:
    """A context: the demo, started and ready. Its data stay in the folder for the next one.

    Attributes: `folder`, `url` (the portal), `sandbox_url` (sign-in pages, control API), `output` (printed so far).
    """

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        ports = {name: str(free_port()) for name in ("DEMO_PORT", "DEMO_SANDBOX_HTTP_PORT", "DEMO_SANDBOX_HTTPS_PORT")}
        self._environment = os.environ | {"DEMO_DIR": str(folder)} | ports | environment
        self.url = f"http://localhost:{self._environment['DEMO_PORT']}"
        self.sandbox_url = f"http://localhost:{self._environment['DEMO_SANDBOX_HTTP_PORT']}"
        self.output = ""
        self._is_settled = threading.Event()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "deploy.demo"],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        if not self._is_settled.wait(START_SECONDS) or READY not in self.output:
            self.end()
            raise RuntimeError(f"The demo did not start:\n{self.output}")
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self.output += line
            if READY in line:
                self._is_settled.set()
        self._is_settled.set()

    @property
    def pid(self) -> int:
        """Of the supervisor."""
        return self._process.pid

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ends it as Ctrl-C does, if it runs, and gives its exit code."""
        self._process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        code = self._process.wait(END_SECONDS)
        self._reader.join()
        if self._process.stdout:
            self._process.stdout.close()
        return code
