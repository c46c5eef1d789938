"""Log lines as key=value pairs or JSON, each with the id of the HTTP request or task it belongs to."""

import logging
import logging.config
import re
import sys
import uuid
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse

REQUEST_ID_HEADER = "X-Request-ID"
# Control and bidirectional characters could forge a line or turn it round (Unicode TR 36).
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def _escape(value: object) -> object:
    if not isinstance(value, str):
        return value
    return _UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", value)


def escape_unsafe_characters(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: hostile names cannot break out of their line. A traceback keeps its line breaks alone."""
    return {key: _escape_lines(value) if key == "exception" else _escape(value) for key, value in event.items()}


def _escape_lines(traceback: object) -> object:
    return "\n".join(str(_escape(line)) for line in traceback.split("\n")) if isinstance(traceback, str) else traceback


def name_request(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: Django tells of a refused request when its id is bound no more, but brings the request."""
    request_id = getattr(getattr(event.get("_record"), "request", None), "request_id", None)
    if request_id:
        event.setdefault("request_id", request_id)
    return event


def logging_settings(*, level: str, form: str) -> None:
    """Sets up logging for Django, Celery and ourselves on standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        escape_unsafe_characters,
    ]
    renderer = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "structured": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
                    "foreign_pre_chain": [name_request, *shared],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                # At DEBUG these write headers, bodies and what pages are made of, passwords and form tokens included.
                **{name: {"level": "WARNING"} for name in ("azure", "msal", "urllib3", "requests", "amqp")},
                "django.template": {"level": "WARNING"},
                # Gunicorn gives its own lines another form, another clock and a handler of their own.
                **{f"gunicorn.{name}": {"handlers": [], "propagate": True} for name in ("error", "access")},
                # Every three seconds it would tell of a bell that rang.
                "celery": {"level": "WARNING" if level == "INFO" else level},
            },
        }
    )


class RequestIdMiddleware:
    """Gives each HTTP request an id that its log lines, audit events and answer carry."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = str(uuid.uuid4())
        request.request_id = request_id  # type: ignore[attr-defined]  # read by portal.audit
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response[REQUEST_ID_HEADER] = request_id
        return response
