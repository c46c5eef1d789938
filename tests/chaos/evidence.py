"""What the judge looks at, as plain values: Azure's side, the portal's side, and what the campaign itself did.

Times are seconds since 1970. Machines are resource ids in lower case.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


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
class Patch:
    """A call that sets a machine's deleteOption, as Azure saw it; accepted or not."""

    at: float
    vm: str
    client_request_id: str
    delete_option: str


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
    delete_option: str = ""  # of the plan: what is in force at the reimage


@dataclass(frozen=True)
class Event:
    """An audit event: its columns, the body that they repeat, and its leaf in the tree (None where it has none)."""

    subject: str
    sequence: int
    previous_digest: str
    digest: str
    raw: bytes
    at: float
    action: str
    detail: Mapping[str, Any]
    place: int | None = None
    leaf: str = ""


@dataclass(frozen=True)
class Anchor:
    """What the world outside of the database was told: so many events, under this root (hexadecimal)."""

    size: int
    root: str


@dataclass(frozen=True)
class Deed:
    """What people did to a request, and what the portal acknowledged of it: their own record, kept outside of it."""

    request: int
    fate: str
    may_run: bool
    machines: tuple[str, ...]
    acknowledged: frozenset[str] = frozenset()
    stopped_at: float = 0.0
    password_sha256: str = ""


@dataclass(frozen=True)
class Harm:
    """When a life of a worker was killed or stopped, or (without a life) the database's connections were cut.

    It struck at some moment within `lasted` seconds: to connect and cut takes longer than many a step.
    """

    at: float
    kind: Literal["killed", "paused", "cut"]
    life: str = ""
    lasted: float = 0.0


@dataclass(frozen=True)
class Step:
    """A step of an operation as its worker's log has it; `ended` is None where the log breaks off."""

    life: str
    operation: int
    began: float
    ended: float | None
    crashed: bool = False


@dataclass
class Evidence:
    """Everything. `os_disks` are the machines' present OS disks, `disks` all that exist, in lower case.

    `verified` is what audit_verify found wrong.
    """

    posts: list[Post] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)
    azure_operations: list[AzureOperation] = field(default_factory=list)
    os_disks: dict[str, str] = field(default_factory=dict)
    disks: set[str] = field(default_factory=set)
    requests: list[Request] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    anchors: list[Anchor] = field(default_factory=list)
    verified: list[str] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    harms: list[Harm] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)

    def copy(self) -> "Evidence":
        """With lists of its own; the rows within, which nobody can change, are the same."""
        return Evidence(**{name: value.copy() for name, value in self.__dict__.items()})
