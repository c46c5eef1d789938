"""What a sandbox is started with, and the addresses that follow from it. Reads no environment."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    http_port: int
    https_port: int
    vms: int = 60
    operation_seconds: float = 20.0
    seed: int = 1
    public_host: str = "localhost"
    page_size: int = 1000
    resource_graph_lag_seconds: float = 0.0
    activity_log_delay_seconds: float = 120.0

    @property
    def http_url(self) -> str:
        """Where the browser signs in and where the control API answers."""
        return f"http://{self.public_host}:{self.http_port}"

    @property
    def https_url(self) -> str:
        """Azure Resource Manager, Microsoft Graph and Entra ID's machine endpoints."""
        return f"https://{self.public_host}:{self.https_port}"
