"""Runs the real sandbox as a process of its own, for any test that needs an Azure. Knows its control API only."""

import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import requests

ROOT = Path(__file__).resolve().parent.parent
PRODUCTION = "aaaaaaaa-0000-4000-8000-000000000001"
_START_SECONDS = 60


class SandboxProcess:
    """A sandbox on free ports; `start` again after `stop` keeps the ports and, with a state_dir, the state.

    Attributes: `http_url` (sign-in pages, control API), `https_url` (ARM, Graph, tokens), `ca_file` (its CA bundle).
    """

    def __init__(self, *, state_dir: Path | None = None, **options: object) -> None:
        """Options are the command line's, e.g. vms=200, operation_seconds=20, seed=1, page_size=50."""
        self._options: dict[str, object] = {"http_port": 0, "https_port": 0, "vms": 20, **options}
        if state_dir is not None:
            self._options["state_dir"] = state_dir
        self._process: subprocess.Popen[str] | None = None
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.headers["Connection"] = "close"  # an idle one may end at the very moment at which it is used again
        self.http_url = self.https_url = self.ca_file = ""

    def start(self) -> Self:
        command = [sys.executable, "-m", "sandbox"]
        for name, value in self._options.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        ready = self._process.stdout.readline().split() if self._process.stdout else []
        if ready[:2] != ["sandbox:", "ready"]:
            self.stop()
            raise RuntimeError(f"the sandbox did not start: {' '.join(command)}")
        self.http_url, self.https_url, self.ca_file = ready[2:5]
        self._options["http_port"] = self.http_url.rpartition(":")[2]
        self._options["https_port"] = self.https_url.rpartition(":")[2]
        self._http.get(f"{self.http_url}/_sandbox/health", timeout=_START_SECONDS).raise_for_status()
        return self

    def stop(self, *, kill: bool = False) -> int:
        """End it and answer its exit status; `kill` gives it no chance to tidy up."""
        self._http.close()
        if self._process is None:
            return 0
        if kill:
            self._process.kill()
        else:
            self._process.terminate()
        status = self._process.wait(timeout=10)
        if self._process.stdout:
            self._process.stdout.close()
        self._process = None
        return status

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def control(self, method: str, path: str, body: Any = None, /, **query: str) -> Any:
        """One call of the control API; its JSON, or None. Raises requests.HTTPError for what it refuses."""
        response = self._http.request(method, f"{self.http_url}/_sandbox/{path}", json=body, params=query, timeout=30)
        response.raise_for_status()
        return response.json() if response.content else None

    def ledger(self, **filters: str) -> list[dict[str, Any]]:
        """Requests as they came in, oldest first; filters: vm, method, action."""
        entries: list[dict[str, Any]] = self.control("GET", "requests", **filters)
        return entries

    def faults(self, fault: str, *, match: dict[str, str] | None = None, **script: Any) -> None:
        """Script a fault, e.g. faults("status", match={"verb": "POST", "vm": "web-01"}, status=429, retry_after=3)."""
        self.control("POST", "faults", {"fault": fault, "match": match or {}, **script})

    def clear(self) -> None:
        """Forget faults and ledger; machines stay as they are."""
        self.control("DELETE", "faults")
        self.control("DELETE", "requests")

    def advance_clock(self, seconds: float) -> None:
        self.control("POST", "clock", {"advance_seconds": seconds})

    def reset(self, **seed_and_vms: int) -> None:
        """Back to the start: machines, people, clock, faults and ledger."""
        self.control("POST", "reset", seed_and_vms)

    def machine(self, name: str, *, group: str = "rg-web", subscription: str = PRODUCTION) -> dict[str, Any]:
        """A machine as the sandbox knows it, with the OS disks it once had."""
        state: dict[str, Any] = self.control("GET", f"virtual-machines/{subscription}/{group}/{name}")
        return state

    def drift(
        self, name: str, *, group: str = "rg-web", subscription: str = PRODUCTION, **patch: Any
    ) -> dict[str, Any]:
        """Change a machine behind the portal's back, e.g. drift("web-01", recreate=True)."""
        state: dict[str, Any] = self.control(
            "POST", f"virtual-machines/{subscription}/{group}/{name}", {"patch": patch}
        )
        return state

    def entra(self, **script: Any) -> None:
        """Script sign-in, e.g. entra(next_id_token={"tamper": "expired"}) or entra(person=oid, overage=True)."""
        self.control("POST", "entra", script)
