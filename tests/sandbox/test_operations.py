"""The two URLs of an operation, and what happens to it when its machine goes away."""

from tests.sandbox.client import Client
from tests.sandbox_process import SandboxProcess


def test_the_monitor_url_answers_202_then_200(operator: Client, sandbox: SandboxProcess) -> None:
    url = operator.reimage("web-02").headers["Location"]
    pending = operator.get(url)
    assert pending.status_code == 202
    assert pending.headers["Location"] == url
    sandbox.advance_clock(20)
    assert operator.get(url).status_code == 200


def test_an_operation_url_without_its_opaque_part_is_not_found(operator: Client) -> None:
    url = operator.reimage("web-02").headers["Azure-AsyncOperation"]
    address, _, query = url.partition("?")
    assert operator.get(f"{address}?{query.partition('&')[2]}").status_code == 404


def test_an_unknown_operation_is_not_found(operator: Client) -> None:
    url = operator.reimage("web-02").headers["Azure-AsyncOperation"]
    assert operator.get(url.replace("/operations/", "/operations/0")).status_code == 404


def test_an_operation_on_a_recreated_machine_is_preempted(operator: Client, sandbox: SandboxProcess) -> None:
    url = operator.reimage("web-02").headers["Azure-AsyncOperation"]
    new_disk = sandbox.drift("web-02", recreate=True)["os_disk_name"]
    sandbox.advance_clock(20)
    assert operator.get(url).json()["error"]["code"] == "OperationPreempted"
    assert sandbox.machine("web-02")["os_disk_name"] == new_disk


def test_operations_end_without_anybody_polling_them(operator: Client, sandbox: SandboxProcess) -> None:
    operator.reimage("web-02")
    sandbox.advance_clock(20)
    assert sandbox.machine("web-02")["provisioning_state"] == "Succeeded"
