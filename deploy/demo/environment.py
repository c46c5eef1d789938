"""The environment of each of the demo's processes. The portal's are its configuration contract, as in production."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deploy.audit_key import public_key_of
from deploy.demo.local_keys import LocalKeys
from deploy.demo.ports import Ports
from portal.environment import CONTRACT

Role = Literal["web", "worker", "beat"]
TENANT_ID = "11111111-1111-4111-8111-111111111111"
SUBSCRIPTIONS = ("aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002")
FALLBACK_TIME_ZONE = "Asia/Tokyo"

# Lines appear when they are written; Celery's advice against root is for servers.
CALM = {"PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges"}
# What the sandbox knows; worthless anywhere else.
SIGN_IN = {
    "ENTRA_CLIENT_ID": "c0000000-0000-4000-8000-000000000001",
    "ENTRA_CLIENT_SECRET": "sandbox-portal-secret",
}
READER = {
    "AZURE_CLIENT_ID": "c0000000-0000-4000-8000-000000000002",
    "AZURE_CLIENT_SECRET": "sandbox-reader-secret",
}
OPERATOR = {
    "AZURE_CLIENT_ID": "c0000000-0000-4000-8000-000000000003",
    "AZURE_CLIENT_SECRET": "sandbox-operator-secret",
}
ACCOUNTS = {
    "ACCOUNT_CHECK_CLIENT_ID": "c0000000-0000-4000-8000-000000000004",
    "ACCOUNT_CHECK_CLIENT_SECRET": "sandbox-accounts-secret",
}


@dataclass(frozen=True)
class DemoEnvironment:
    """Builds a process's environment from the ports, the folder and the keys."""

    ports: Ports
    folder: Path
    keys: LocalKeys
    inherited: Mapping[str, str]

    @property
    def public_url(self) -> str:
        """Where a browser finds the portal."""
        return f"http://localhost:{self.ports.web}"

    @property
    def sandbox_folder(self) -> Path:
        """Where the sandbox keeps its state and its certificate authority."""
        return self.folder / "sandbox"

    def of_the_sandbox(self) -> dict[str, str]:
        """The machine's environment, without anything of the portal's."""
        ours = {name for setting in CONTRACT for name in (setting.name, f"{setting.name}_FILE")}
        kept = {name: value for name, value in self.inherited.items() if name not in ours}
        return kept | CALM | _without_proxy(kept)

    def of(self, role: Role) -> dict[str, str]:
        """Only the worker can write to Azure and open what was sealed; the others may only read."""
        return self.of_the_sandbox() | {"DJANGO_SETTINGS_MODULE": "portal.settings"} | self.contract_of(role)

    def contract_of(self, role: Role) -> dict[str, str]:
        """The contract's variables alone."""
        azure = f"https://localhost:{self.ports.sandbox_https}"
        shared = {
            "PUBLIC_URL": self.public_url,
            "VAR_DIR": str(self.folder),
            "SECRET_KEY": self.keys.secret_key,
            "ENTRA_AUTHORITY": f"{azure}/{TENANT_ID}",
            "GRAPH_URL": azure,
            "ACCOUNT_CHECK_SECONDS": "5",
            "AZURE_RESOURCE_MANAGER": azure,
            "AZURE_SUBSCRIPTIONS": ",".join(SUBSCRIPTIONS),
            "AZURE_CREDENTIAL": "client-secret",
            "AZURE_CA_BUNDLE": str(self.sandbox_folder / "ca.pem"),
            "SEALING_PUBLIC_KEY": self.keys.sealing_public_key,
            "AUDIT_PUBLIC_KEYS": public_key_of(self.keys.audit_signing_key_file, self.public_url),
            "PASSWORD_MODE": self.inherited.get("PASSWORD_MODE", "sealed"),
            "TIME_ZONE": time_zone_of_this_machine(),
            "OPERATION_POLL_SECONDS": "3",  # a reimage of the sandbox takes 20 seconds
            "BREAKER_REIMAGES": "50",  # whoever tries it may reimage all of the sandbox at once
            "LOG_LEVEL": "WARNING",
            "LOG_FORMAT": "console",
        }
        if role == "worker":
            return shared | SIGN_IN | OPERATOR | ACCOUNTS | self._private_keys()
        return shared | SIGN_IN | READER

    def _private_keys(self) -> dict[str, str]:
        return {
            "SEALING_PRIVATE_KEY_FILE": str(self.keys.sealing_private_key_file),
            "AUDIT_SIGNING_KEY_FILE": str(self.keys.audit_signing_key_file),
        }


def time_zone_of_this_machine() -> str:
    """Its IANA name as /etc/localtime tells it, else that of the people the demo is made for."""
    _, found, name = os.path.realpath("/etc/localtime").partition("/zoneinfo/")
    return name if found and "UTC" not in name else FALLBACK_TIME_ZONE


def _without_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    local = "localhost,127.0.0.1,::1"
    return {name: ",".join(filter(None, (environment.get(name), local))) for name in ("NO_PROXY", "no_proxy")}
