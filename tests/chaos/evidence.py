"""What the judge looks at, as plain values: Azure's side, the portal's side, and what the campaign itself did.

Times are seconds since 1970. Machines are resource ids in lower case.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Post:
    """A reimage POST as Azure saw it."""

    at: float
    vm: str
    client_request_id: str
    accepted: bool
    status: int | None
    fault: str | None
    body: Any


@dataclass(frozen=True)
class AzureOperation:
    """A reimage that Azure carried out, or tried to."""

    client_request_id: str
    vm: str
    started_at: float
    ended_at: float | None
    status: str


@dataclass(frozen=True)
class Request:
    """`approved` only if a second person, who is not the requester, approved exactly this request's digest."""

    number: int
    state: str
    approved: bool
    has_decision: bool


@dataclass(frozen=True)
class Operation:
    """One machine of one request, as the portal tells of it in the end."""

    number: int
    request: int
    vm: str
    state: str
    note: str
    attempts: int
    body: Any
    os_disk_id: str = ""  # of the plan, where it must have been replaced; empty for an ephemeral one


@dataclass(frozen=True)
class Event:
    """An audit event: its columns, and the body that they repeat."""

    subject: str
    sequence: int
    previous_digest: str
    digest: str
    raw: bytes
    at: float
    action: str
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class Deed:
    """What the campaign did to a request, and what the portal acknowledged of it."""

    request: int
    fate: str
    may_run: bool
    acknowledged: frozenset[str] = frozenset()
    stopped_at: float = 0.0
    password_sha256: str = ""


@dataclass
class Evidence:
    """Everything. `os_disks` are the machines' present OS disks; `moments` when a worker or its database was harmed."""

    posts: list[Post] = field(default_factory=list)
    azure_operations: list[AzureOperation] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    os_disks: dict[str, str] = field(default_factory=dict)
    moments: list[float] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
