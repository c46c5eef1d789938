"""The outermost layer: records each request, strikes it with faults, dresses the answer. Knows no resource."""

import asyncio
import re
import socket
import struct
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.arm.errors import cloud_error
from sandbox.clock import iso
from sandbox.exchange import Exchange, Reply
from sandbox.faults import Fault
from sandbox.ledger import without_secrets
from sandbox.world import World

_VM = re.compile(r"/subscriptions/[^/]+/resourcegroups/[^/]+/providers/microsoft\.compute/virtualmachines/[^/]+")
_OPERATION = re.compile(r"/locations/[^/]+/operations/([^/]+)$")
_OPERATION_HEADERS = (b"azure-asyncoperation", b"location")


class Wire:
    def __init__(self, app: ASGIApp, world: World, save: Callable[[], None]) -> None:
        self._app, self._world, self._save = app, world, save

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._world.tick()
        if scope["path"].startswith("/_sandbox/"):
            await self._app(scope, receive, send)
            self._save()
            return
        body = await _read(receive)
        exchange = self._record(scope, body)
        reply = await self._answer(scope, body, exchange)
        self._world.ledger.settle(exchange.entry)
        self._save()
        if reply is None:
            await _reset(scope, receive)
        else:
            await _send(reply, exchange, Headers(scope=scope), send)

    def _record(self, scope: Scope, body: bytes) -> Exchange:
        headers, path = Headers(scope=scope), scope["path"]
        query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
        is_form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        vm = self._vm_behind(path)
        entry = self._world.ledger.open(
            at=iso(self._world.clock.now()),
            method=scope["method"],
            path=path,
            query=query,
            api_version=query.get("api-version"),
            client_request_id=headers.get("x-ms-client-request-id"),
            content_type=headers.get("content-type"),
            body=None if is_form else without_secrets(body),
            vm=vm,
        )
        fault = self._world.faults.take(scope["method"], path, vm)
        entry.fault = fault.name if fault else None
        correlation_id = headers.get("x-ms-correlation-request-id")
        exchange = Exchange(entry, correlation_id or "", fault)
        exchange.correlation_id = exchange.correlation_id or exchange.request_id
        return exchange

    def _vm_behind(self, path: str) -> str | None:
        """The machine a request is about, also when it asks for an operation on one."""
        if found := _VM.match(path.lower()):
            return found[0]
        if found := _OPERATION.search(path.lower()):
            operation = self._world.operations.by_id.get(found[1])
            return operation.machine_id.lower() if operation else None
        return None

    async def _answer(self, scope: Scope, body: bytes, exchange: Exchange) -> Reply | None:
        """The answer as it leaves; None when the connection is to be reset instead."""
        fault = exchange.fault
        if fault is not None and fault.fault == "reset_before":
            return None
        if fault is not None and (fault.fault == "status" or _is_poll_of_gone(fault, scope)):
            exchange.entry.status = fault.status
            return _scripted(fault)
        if fault is not None and fault.fault == "slow":
            await asyncio.sleep(fault.seconds)
            self._world.tick()
        inner = {**scope, "path": _routable(scope["path"]), "sandbox.exchange": exchange}
        reply = await _capture(self._app, inner, body)
        changed = _changed(reply, fault) if fault else reply
        exchange.entry.status = changed.status if changed else None
        return changed


def _routable(path: str) -> str:
    """Resource Manager ignores the case of its paths; Entra ID and Graph keep theirs."""
    lower = path.lower()
    return lower if lower.startswith(("/subscriptions", "/providers/")) else path


def _is_poll_of_gone(fault: Fault, scope: Scope) -> bool:
    return fault.fault == "operation_gone" and scope["method"] == "GET"


def _changed(reply: Reply, fault: Fault) -> Reply | None:
    match fault.fault:
        case "accepted_then_lost":
            return None
        case "accepted_then_status":
            return _scripted(fault)
        case "no_operation_headers":
            reply.headers = [(k, v) for k, v in reply.headers if k.lower() not in _OPERATION_HEADERS]
        case "foreign_operation_host":
            reply.headers = [
                (k, _elsewhere(v, fault) if k.lower() in _OPERATION_HEADERS else v) for k, v in reply.headers
            ]
    return reply


def _elsewhere(url: bytes, fault: Fault) -> bytes:
    return re.sub(r"^https?://[^/]+", fault.host, url.decode()).encode()


def _scripted(fault: Fault) -> Reply:
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    code = fault.code or {404: "NotFound", 409: "Conflict", 429: "OperationNotAllowed"}.get(fault.status, "ServerError")
    message = fault.message or f"A fault scripted in the sandbox answers {fault.status}."
    return Reply.of(cloud_error(fault.status, code, message, headers=headers))


async def _read(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body


async def _capture(app: ASGIApp, scope: Scope, body: bytes) -> Reply:
    reply = Reply(500, [], b"")

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            reply.status, reply.headers = message["status"], list(message["headers"])
        else:
            reply.body += message.get("body", b"")

    await app(scope, receive, send)
    return reply


async def _send(reply: Reply, exchange: Exchange, headers: Headers, send: Send) -> None:
    extra = {
        "x-ms-request-id": exchange.request_id,
        "x-ms-correlation-request-id": exchange.correlation_id,
        **exchange.extra_headers,
    }
    if headers.get("x-ms-return-client-request-id", "").lower() == "true":
        extra["x-ms-client-request-id"] = headers.get("x-ms-client-request-id", "")
    dressed = [*reply.headers, *((name.encode(), value.encode()) for name, value in extra.items())]
    await send({"type": "http.response.start", "status": reply.status, "headers": dressed})
    await send({"type": "http.response.body", "body": reply.body})


async def _reset(scope: Scope, receive: Receive) -> None:
    """End the connection with a TCP reset, and without a single byte of an answer."""
    transport: Any = scope["extensions"]["sandbox"]["transport"]
    linger_not_at_all = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not_at_all)
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass  # until the server has noticed
