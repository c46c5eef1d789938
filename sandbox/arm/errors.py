"""Azure's error bodies (CloudError). Knows their shape, not the reasons."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class ArmError(Exception):
    """A refusal, to be answered as a CloudError."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        target: str | None = None,
        details: list[dict[str, str]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.target, self.details, self.headers = target, details, headers


def cloud_error(
    status: int,
    code: str,
    message: str,
    *,
    target: str | None = None,
    details: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    error: dict[str, Any] = {"code": code, "message": message}
    if target is not None:
        error["target"] = target
    if details is not None:
        error["details"] = details
    return JSONResponse({"error": error}, status, headers=headers)


async def answer_arm_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ArmError)  # noqa: S101 - registered for this class only
    return cloud_error(
        error.status, error.code, error.message, target=error.target, details=error.details, headers=error.headers
    )


def invalid_parameter(message: str, target: str) -> ArmError:
    return ArmError(400, "InvalidParameter", message, target=target)


def bad_request(message: str) -> ArmError:
    return ArmError(400, "BadRequest", message)


def resource_not_found(kind: str, name: str, resource_group: str) -> ArmError:
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource 'Microsoft.Compute/{kind}/{name}' under resource group '{resource_group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    )
