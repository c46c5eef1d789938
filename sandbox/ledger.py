"""The wire ledger: every request as it came and what became of it. The oracle of tests, never a secret sink."""

import json
from collections.abc import Container, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any


@dataclass
class Entry:
    id: int
    at: str
    method: str
    path: str
    query: dict[str, str]
    api_version: str | None
    client_request_id: str | None
    content_type: str | None
    body: Any
    vm: str | None
    authenticated_as: str | None = None
    status: int | None = None
    accepted: bool = False
    fault: str | None = None


class Ledger:
    """Entries in order of arrival; with a file, each is appended to it once it is settled."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._entries: list[Entry] = []
        if file is not None and file.exists():
            self._entries = [Entry(**json.loads(line)) for line in file.read_text().splitlines()]
        self._last_id = max((entry.id for entry in self._entries), default=0)

    def open(self, **arrival: Any) -> Entry:
        self._last_id += 1
        entry = Entry(id=self._last_id, **arrival)
        self._entries.append(entry)
        return entry

    def settle(self, entry: Entry) -> None:
        if self._file is not None:
            with self._file.open("a") as file:
                file.write(json.dumps(asdict(entry)) + "\n")

    def clear(self) -> None:
        self._entries.clear()
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    def select(self, *, vm: str = "", method: str = "", action: str = "") -> Iterator[dict[str, Any]]:
        """Entries for a machine (id or name), a verb, a last path segment such as `reimage`."""
        for entry in self._entries:
            if vm and vm.lower() not in (entry.vm, (entry.vm or "").rpartition("/")[2]):
                continue
            if method and method.upper() != entry.method:
                continue
            if action and entry.path.lower().rpartition("/")[2] != action.lower():
                continue
            yield asdict(entry)

    def refused(self, action: str, statuses: Container[int | None]) -> Iterator[Entry]:
        """POSTs for this action that were answered with one of these statuses and not accepted."""
        for entry in self._entries:
            is_meant = entry.method == "POST" and entry.path.lower().endswith(f"/{action}")
            if is_meant and not entry.accepted and entry.status in statuses:
                yield entry


def without_secrets(body: bytes) -> Any:
    """The JSON body with each adminPassword replaced by its hash; what is not JSON by its size and hash."""
    if not body:
        return None
    try:
        return _masked(json.loads(body))
    except ValueError:
        return {"bytes": len(body), "sha256": sha256(body).hexdigest()}


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _hashed(v) if k.lower() == "adminpassword" else _masked(v) for k, v in value.items()}
    return [_masked(item) for item in value] if isinstance(value, list) else value


def _hashed(secret: Any) -> dict[str, str]:
    return {"sha256": sha256(str(secret).encode()).hexdigest()}
