"""What a handler may know about its request beyond HTTP: the world, its ledger entry, the fault that strikes it."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from sandbox.faults import Fault
from sandbox.ledger import Entry
from sandbox.world import World


@dataclass
class Exchange:
    entry: Entry
    correlation_id: str
    fault: Fault | None = None
    request_id: str = field(default_factory=lambda: str(uuid4()))
    extra_headers: dict[str, str] = field(default_factory=dict)

    def has_fault(self, kind: str) -> bool:
        return self.fault is not None and self.fault.fault == kind


@dataclass
class Reply:
    """A whole answer before it leaves, so that a fault can still change or drop it."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @classmethod
    def of(cls, response: Response) -> "Reply":
        return cls(response.status_code, list(response.raw_headers), bytes(response.body))


def exchange_of(request: Request) -> Exchange:
    exchange: Exchange = request.scope["sandbox.exchange"]
    return exchange


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a URL-encoded form."""
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


def world_of(request: Request) -> World:
    world: World = request.app.state.world
    return world
