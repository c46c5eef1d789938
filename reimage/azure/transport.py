"""Certificates, environment and time limits of what goes over the wire: to Azure, and for the portal's tokens."""

from typing import Any

from azure.core.exceptions import ServiceRequestTimeoutError
from azure.core.pipeline.transport import RequestsTransport
from django.conf import settings

from reimage.azure.time_limits import CONNECT_SECONDS, READ_SECONDS, seconds_left

LIMITS: dict[str, Any] = {"connection_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS}  # of one try


class TimelyTransport(RequestsTransport):
    """Cuts the limits of each try to the time that is left (`time_limits.until`); without any, nothing leaves."""

    def send(self, request: Any, *, proxies: Any = None, **options: Any) -> Any:
        """As its parent. Raises ServiceRequestTimeoutError where no time is left."""
        left = seconds_left()
        if left <= 0:
            raise ServiceRequestTimeoutError("There was no time left for it; nothing was sent.")
        connect = min(options.pop("connection_timeout", self.connection_config.timeout), left / 2)
        read = min(options.pop("read_timeout", self.connection_config.read_timeout), left - connect)
        return super().send(request, proxies=proxies, connection_timeout=connect, read_timeout=read, **options)


def options() -> dict[str, Any]:
    """Of a transport, or of a client that makes its own. With a CA bundle of ours, the environment changes nothing."""
    return {
        "connection_verify": settings.AZURE_CA_BUNDLE or True,
        "use_env_settings": not settings.AZURE_CA_BUNDLE,
        **LIMITS,
    }
