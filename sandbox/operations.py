"""Long-running operations: started once, done when the clock says so. Knows what they did to whom, not how to do it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import uuid4

from sandbox.machines import Machine

Kind = Literal["reimage", "update"]
Status = Literal["InProgress", "Succeeded", "Failed", "Canceled"]


@dataclass(frozen=True)
class Failure:
    code: str
    message: str


@dataclass(frozen=True)
class Cause:
    """Who asked for an operation and under which ids: what the Activity Log tells about it."""

    client_id: str
    client_request_id: str
    correlation_id: str
    api_version: str


@dataclass
class Operation:
    id: str
    opaque: str
    kind: Kind
    machine_id: str
    vm_id: str
    subscription_id: str
    location: str
    cause: Cause
    started_at: datetime
    due_at: datetime
    status: Status = "InProgress"
    ended_at: datetime | None = None
    failure: Failure | None = None
    planned_failure: Failure | None = None
    is_gone: bool = False

    def end(self, status: Status, failure: Failure | None = None) -> None:
        self.status, self.failure, self.ended_at = status, failure, self.due_at


class Operations:
    def __init__(self) -> None:
        self.by_id: dict[str, Operation] = {}
        self._in_progress: dict[str, Operation] = {}

    def start(self, kind: Kind, machine: Machine, cause: Cause, *, at: datetime, seconds: float) -> Operation:
        operation = Operation(
            id=str(uuid4()),
            opaque=uuid4().hex,
            kind=kind,
            machine_id=machine.id,
            vm_id=machine.vm_id,
            subscription_id=machine.subscription_id,
            location=machine.location,
            cause=cause,
            started_at=at,
            due_at=at + timedelta(seconds=seconds),
        )
        self.add(operation)
        return operation

    def add(self, operation: Operation) -> None:
        self.by_id[operation.id] = operation
        if operation.status == "InProgress":
            self._in_progress[operation.id] = operation

    def take_due(self, now: datetime) -> list[Operation]:
        """Operations whose time has come, oldest first; each is handed out once."""
        due = sorted((o for o in self._in_progress.values() if o.due_at <= now), key=lambda o: o.due_at)
        for operation in due:
            del self._in_progress[operation.id]
        return due
