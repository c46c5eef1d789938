"""Entra ID's error bodies and its AADSTS codes.

https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.exchange import exchange_of, world_of


class EntraError(Exception):
    """A refusal of a machine endpoint, e.g. ("invalid_grant", "AADSTS54005: …")."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status

    @property
    def codes(self) -> list[int]:
        return [int(code) for code in re.findall(r"AADSTS(\d+)", self.description)]


async def answer_entra_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, EntraError)  # noqa: S101 - registered for this class only
    exchange = exchange_of(request)
    body = {
        "error": error.error,
        "error_description": f"{error.description} Trace ID: {exchange.request_id}",
        "error_codes": error.codes,
        "timestamp": f"{world_of(request).clock.real_now():%Y-%m-%d %H:%M:%SZ}",
        "trace_id": exchange.request_id,
        "correlation_id": exchange.correlation_id,
    }
    return JSONResponse(body, error.status, headers={"Cache-Control": "no-store"})


def check_tenant(tenant: str, known: str) -> None:
    if tenant.lower() != known:
        raise EntraError(
            "invalid_tenant", f"AADSTS90002: Tenant '{tenant}' not found. Check the authority's tenant id."
        )
