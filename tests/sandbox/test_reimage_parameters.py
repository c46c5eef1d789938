"""The reimage body: which fields for which OS disk, and the rules of password and customData."""

import base64
from typing import Any

import pytest

from tests.sandbox.client import Client
from tests.sandbox_process import SandboxProcess

GOOD_PASSWORD = "Correct-Horse-7"


def refused(client: Client, name: str, body: Any) -> dict[str, Any]:
    answer = client.reimage(name, body)
    assert answer.status_code == 400
    assert client.sandbox.machine(name)["provisioning_state"] == "Succeeded"
    error: dict[str, Any] = answer.json()["error"]
    return error


def with_password(password: str) -> dict[str, Any]:
    return {"osProfile": {"adminPassword": password}}


def with_custom_data(custom_data: str) -> dict[str, Any]:
    return {"osProfile": {"customData": custom_data}}


def test_it_refuses_temp_disk_for_a_managed_os_disk(operator: Client) -> None:
    assert refused(operator, "web-02", {"tempDisk": True})["target"] == "tempDisk"


def test_it_accepts_temp_disk_false_for_a_managed_os_disk(operator: Client) -> None:
    assert operator.reimage("web-02", {"tempDisk": False}).status_code == 202


def test_it_refuses_an_os_profile_for_an_ephemeral_os_disk(operator: Client) -> None:
    assert refused(operator, "web-01", with_password(GOOD_PASSWORD))["target"] == "osProfile"


@pytest.mark.parametrize(
    "password",
    ["Ab1!xyz", "A1" * 62, "alllowercase1", "ALLUPPERCASE1", "P@ssw0rd", "P@$$w0rd", "Password!", "iloveyou!"],
)
def test_it_refuses_a_windows_password_against_the_rules(operator: Client, password: str) -> None:
    error = refused(operator, "web-02", with_password(password))
    assert error["target"] == "adminPassword"
    assert password not in error["message"]


@pytest.mark.parametrize("password", ["Ab1!x", "Ab1!" * 19, "abc@123"])
def test_it_refuses_a_linux_password_against_the_rules(operator: Client, password: str) -> None:
    assert refused(operator, "web-03", with_password(password))["target"] == "adminPassword"


@pytest.mark.parametrize(("name", "password"), [("web-02", "Ab1!wxyz"), ("web-02", "Ab1" * 41), ("web-03", "Ab1!xy")])
def test_it_accepts_passwords_at_the_limits(operator: Client, name: str, password: str) -> None:
    assert operator.reimage(name, with_password(password)).status_code == 202


@pytest.mark.parametrize("custom_data", ["not base64!", base64.b64encode(bytes(65_536)).decode()])
def test_it_refuses_custom_data_that_is_no_base64_or_too_long(operator: Client, custom_data: str) -> None:
    assert refused(operator, "web-02", with_custom_data(custom_data))["target"] == "customData"


def test_it_accepts_custom_data_of_65535_bytes(operator: Client) -> None:
    custom_data = base64.b64encode(bytes(65_535)).decode()
    assert operator.reimage("web-02", with_custom_data(custom_data)).status_code == 202


def test_it_refuses_custom_data_other_than_at_creation(operator: Client, sandbox: SandboxProcess) -> None:
    at_creation = base64.b64encode(b"#cloud-config\n").decode()
    sandbox.drift("web-03", created_with_custom_data=at_creation)
    error = refused(operator, "web-03", with_custom_data(base64.b64encode(b"other").decode()))
    assert error["code"] == "BadRequest"
    assert error["message"] == (
        "Reimage requires the custom data provided should be same as the custom data provided while creating the "
        "Virtual Machine."
    )
    assert operator.reimage("web-03", with_custom_data(at_creation)).status_code == 202


@pytest.mark.parametrize(
    "body",
    [
        {"temp_disk": True},
        {"tempDisk": "true"},
        {"exactVersion": 7},
        {"osProfile": "x"},
        {"osProfile": {"admin_password": GOOD_PASSWORD}},
    ],
)
def test_it_refuses_unknown_fields_and_wrong_types(operator: Client, body: dict[str, Any]) -> None:
    error = refused(operator, "web-02", body)
    assert GOOD_PASSWORD not in error["message"]


def test_it_accepts_an_empty_object_as_json(operator: Client) -> None:
    assert operator.reimage("web-02", {}).status_code == 202


def test_it_refuses_an_empty_object_as_plain_text(operator: Client) -> None:
    answer = operator.reimage("web-02", data="{}", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    assert answer.json()["error"]["code"] == "UnsupportedMediaType"


@pytest.mark.parametrize("text", ["{", "[]"])
def test_it_refuses_a_body_that_is_no_json_object(operator: Client, text: str) -> None:
    answer = operator.reimage("web-02", data=text, headers={"Content-Type": "application/json"})
    assert answer.json()["error"]["code"] == "InvalidRequestContent"
