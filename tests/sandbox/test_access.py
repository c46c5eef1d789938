"""The gate of every ARM route: api-version, token, right; and the ids on every answer."""

import pytest

from tests.sandbox.client import Client, vm_path
from tests.sandbox_process import SandboxProcess


@pytest.mark.parametrize(
    ("version", "code"),
    [
        (None, "MissingApiVersionParameter"),
        ("", "MissingApiVersionParameter"),
        ("2026-04-01", "InvalidApiVersionParameter"),
    ],
)
def test_it_refuses_a_request_without_a_supported_api_version(reader: Client, version: str | None, code: str) -> None:
    answer = reader.get(vm_path("web-01"), version=version)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "AuthenticationFailed"),
        ("Basic abc", "AuthenticationFailed"),
        ("Bearer not.a.token", "InvalidAuthenticationToken"),
    ],
)
def test_it_refuses_a_request_without_a_token_of_its_own(reader: Client, header: str, code: str) -> None:
    answer = reader.get(vm_path("web-01"), headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == code
    assert answer.headers["WWW-Authenticate"].startswith('Bearer authorization_uri="')


def test_it_refuses_a_token_for_another_resource(reader: Client) -> None:
    scope = "https://graph.microsoft.com/.default"
    token = reader.ask_for_token(grant_type="client_credentials", scope=scope).json()["access_token"]
    answer = reader.get(vm_path("web-01"), headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "InvalidAuthenticationTokenAudience"


def test_the_reader_may_not_reimage(reader: Client, sandbox: SandboxProcess) -> None:
    answer = reader.reimage("web-02")
    assert answer.status_code == 403
    error = answer.json()["error"]
    assert error["code"] == "AuthorizationFailed"
    assert "'Microsoft.Compute/virtualMachines/reimage/action'" in error["message"]
    assert sandbox.machine("web-02")["provisioning_state"] == "Succeeded"


def test_the_reader_may_not_update(reader: Client, sandbox: SandboxProcess) -> None:
    assert reader.set_delete_option("web-02", "Delete").status_code == 403
    assert sandbox.machine("web-02")["delete_option"] == "Detach"


def test_the_reader_may_not_follow_operations(reader: Client, operator: Client) -> None:
    assert reader.get(operator.reimage("web-02").headers["Azure-AsyncOperation"]).status_code == 403


def test_an_app_without_rights_may_not_even_read(sandbox: SandboxProcess) -> None:
    with Client(sandbox, "portal") as portal:
        assert portal.get(vm_path("web-01")).status_code == 403


def test_every_answer_carries_request_and_correlation_ids(reader: Client) -> None:
    answer = reader.get(vm_path("web-01"), headers={"x-ms-correlation-request-id": "correlation-1"})
    assert answer.headers["x-ms-correlation-request-id"] == "correlation-1"
    assert answer.headers["x-ms-request-id"]
    assert "x-ms-client-request-id" not in answer.headers


def test_it_echoes_the_client_request_id_when_asked_to(reader: Client) -> None:
    headers = {"x-ms-client-request-id": "mine-1", "x-ms-return-client-request-id": "true"}
    assert reader.get(vm_path("web-01"), headers=headers).headers["x-ms-client-request-id"] == "mine-1"


def test_permissions_tell_what_the_caller_may_do(reader: Client, operator: Client) -> None:
    path = f"{vm_path('web-01')}/providers/Microsoft.Authorization/permissions"
    reimage = "Microsoft.Compute/virtualMachines/reimage/action"
    for client, may_reimage in ((reader, False), (operator, True)):
        (entry,) = client.get(path, version="2022-04-01").json()["value"]
        assert (reimage in entry["actions"]) is may_reimage
        group = path.partition("/providers/")[0] + "/providers/Microsoft.Authorization/permissions"
        assert client.get(group, version="2022-04-01").json()["value"] == [entry]


def test_permissions_of_a_machine_that_is_not_there_are_not_found(reader: Client) -> None:
    path = f"{vm_path('web-99')}/providers/Microsoft.Authorization/permissions"
    assert reader.get(path, version="2022-04-01").status_code == 404


def test_it_lists_both_subscriptions(reader: Client) -> None:
    found = reader.get("/subscriptions", version="2022-12-01").json()["value"]
    assert [subscription["displayName"] for subscription in found] == ["Production", "Development"]
    assert reader.get(found[1]["id"], version="2022-12-01").json() == found[1]
