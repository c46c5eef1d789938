"""The wire ledger: what it records, what it hides, how it is asked."""

from hashlib import sha256

from tests.sandbox.client import Client, vm_path
from tests.sandbox_process import SandboxProcess


def test_it_records_a_reimage_as_it_came(operator: Client, sandbox: SandboxProcess) -> None:
    operator.reimage("web-01", {"tempDisk": True}, headers={"x-ms-client-request-id": "mine-4"})
    (entry,) = sandbox.ledger(action="reimage")
    assert entry["method"] == "POST"
    assert entry["path"] == f"{vm_path('web-01')}/reimage"
    assert entry["api_version"] == "2024-07-01"
    assert entry["client_request_id"] == "mine-4"
    assert entry["content_type"] == "application/json"
    assert entry["body"] == {"tempDisk": True}
    assert entry["authenticated_as"] == "azure-operator"
    assert (entry["status"], entry["accepted"]) == (202, True)
    assert entry["vm"] == vm_path("web-01").lower()


def test_it_keeps_only_the_hash_of_a_password(operator: Client, sandbox: SandboxProcess) -> None:
    password = "Correct-Horse-7"
    operator.reimage("web-02", {"osProfile": {"adminPassword": password, "customData": "YQ=="}})
    (entry,) = sandbox.ledger(action="reimage")
    hashed = {"sha256": sha256(password.encode()).hexdigest()}
    assert entry["body"] == {"osProfile": {"adminPassword": hashed, "customData": "YQ=="}}
    assert password not in str(sandbox.ledger())


def test_it_keeps_neither_forms_nor_what_is_no_json(operator: Client, sandbox: SandboxProcess) -> None:
    operator.reimage("web-02", data='{"adminPassword": "Correct-Horse-7"')
    recorded = str(sandbox.ledger())
    assert "sandbox-operator-secret" not in recorded
    assert "Correct-Horse-7" not in recorded


def test_it_filters_by_machine_verb_and_action(operator: Client, sandbox: SandboxProcess) -> None:
    url = operator.reimage("web-02").headers["Azure-AsyncOperation"]
    operator.get(url)
    operator.reimage("web-03")
    assert len(sandbox.ledger(vm="web-02", method="POST")) == 1
    assert len(sandbox.ledger(vm=vm_path("web-02"))) == 2
    assert len(sandbox.ledger(action="reimage")) == 2


def test_it_can_be_emptied_while_the_machines_stay(operator: Client, sandbox: SandboxProcess) -> None:
    operator.reimage("web-02")
    sandbox.clear()
    assert sandbox.ledger() == []
    assert sandbox.machine("web-02")["provisioning_state"] == "Updating"
