"""A bare HTTP client of the sandbox: tokens and Azure's addresses, nothing clever."""

from functools import cached_property
from typing import Any, Self

import requests

from tests.sandbox_process import PRODUCTION, SandboxProcess

TENANT = "11111111-1111-4111-8111-111111111111"
APPS = {
    "portal": ("c0000000-0000-4000-8000-000000000001", "sandbox-portal-secret"),
    "reader": ("c0000000-0000-4000-8000-000000000002", "sandbox-reader-secret"),
    "accounts": ("c0000000-0000-4000-8000-000000000004", "sandbox-accounts-secret"),
    "operator": ("c0000000-0000-4000-8000-000000000003", "sandbox-operator-secret"),
}
COMPUTE_VERSION = "2024-07-01"


def vm_path(name: str, group: str = "rg-web", subscription: str = PRODUCTION) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{name}"


class Client:
    def __init__(self, sandbox: SandboxProcess, app: str) -> None:
        self.sandbox, self._app = sandbox, app
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = sandbox.ca_file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def ask_for_token(self, **fields: str) -> requests.Response:
        url = f"{self.sandbox.https_url}/{TENANT}/oauth2/v2.0/token"
        client_id, secret = APPS[self._app]
        form = {"client_id": client_id, "client_secret": secret, **fields}
        return self.session.post(url, data=form, timeout=10)

    @cached_property
    def token(self) -> str:
        scope = f"{self.sandbox.https_url}/.default"
        answer = self.ask_for_token(grant_type="client_credentials", scope=scope)
        token: str = answer.json()["access_token"]
        return token

    def call(
        self, method: str, path: str, body: Any = None, *, version: str | None = COMPUTE_VERSION, **more: Any
    ) -> requests.Response:
        """A request with the app's token; `path` may be a whole URL, which is then left as it is."""
        is_whole = path.startswith("https://")
        params = {**({} if is_whole or version is None else {"api-version": version}), **more.pop("params", {})}
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        url = path if is_whole else self.sandbox.https_url + path
        return self.session.request(method, url, json=body, params=params, headers=headers, timeout=10, **more)

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.call("GET", path, **more)

    def vm(self, name: str, group: str = "rg-web") -> dict[str, Any]:
        """A machine's model as Azure gives it."""
        model: dict[str, Any] = self.get(vm_path(name, group)).json()
        return model

    def reimage(self, name: str, body: Any = None, group: str = "rg-web", **more: Any) -> requests.Response:
        return self.call("POST", f"{vm_path(name, group)}/reimage", body, **more)

    def set_delete_option(self, name: str, option: str, group: str = "rg-web") -> requests.Response:
        os_disk = {"createOption": "FromImage", "deleteOption": option}
        return self.call("PATCH", vm_path(name, group), {"properties": {"storageProfile": {"osDisk": os_disk}}})
