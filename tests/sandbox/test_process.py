"""Starting, stopping, starting again: one process, two ports, state that outlives it."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.sandbox.client import Client, vm_path
from tests.sandbox_process import PRODUCTION, ROOT, SandboxProcess


@pytest.fixture
def lasting(tmp_path: Path) -> SandboxProcess:
    return SandboxProcess(state_dir=tmp_path / "state", vms=10)


@pytest.mark.parametrize("kill", [False, True])
def test_a_restart_continues_with_disks_operations_ledger_and_keys(lasting: SandboxProcess, kill: bool) -> None:
    with lasting as sandbox, Client(sandbox, "operator") as operator:
        operator.reimage("web-03")
        sandbox.advance_clock(20)
        url = operator.reimage("web-02").headers["Azure-AsyncOperation"]
        sandbox.drift("web-04", delete=True)
        web_03, ledger = sandbox.machine("web-03"), sandbox.ledger()
        sandbox.stop(kill=kill)

        sandbox.start()
        assert sandbox.machine("web-03") == web_03
        assert [disk["fate"] for disk in web_03["released_disks"]] == ["deleted"]
        assert sandbox.machine("web-04")["exists"] is False
        assert sandbox.ledger() == ledger
        assert operator.get(url).json()["status"] == "InProgress"
        sandbox.advance_clock(20)
        assert operator.get(url).json()["status"] == "Succeeded"
        assert len(sandbox.machine("web-02")["released_disks"]) == 1


def test_a_restart_with_another_seed_starts_anew(lasting: SandboxProcess, tmp_path: Path) -> None:
    with lasting as sandbox:
        sandbox.drift("web-02", delete=True)
    with SandboxProcess(state_dir=tmp_path / "state", vms=11) as other:
        assert other.machine("web-02")["exists"] is True


def test_a_restart_after_a_reset_continues_with_what_was_reset_to(lasting: SandboxProcess) -> None:
    with lasting as sandbox:
        sandbox.reset(vms=6)
        sandbox.stop()
        sandbox.start()
        assert len({disk["machine_id"] for disk in sandbox.control("GET", "disks")}) == 4


def test_without_a_state_directory_nothing_is_kept(sandbox: SandboxProcess) -> None:
    with SandboxProcess(vms=6) as fleeting:
        fleeting.drift("web-02", delete=True)
        ca_file = Path(fleeting.ca_file)
        assert ca_file.exists()
        fleeting.stop()
        assert not ca_file.exists()
        fleeting.start()
        assert fleeting.machine("web-02")["exists"] is True


def test_it_keeps_its_keys_from_other_users(lasting: SandboxProcess, tmp_path: Path) -> None:
    with lasting:
        for name in ("ca-key.pem", "server-localhost.pem", "signing-key.pem"):
            assert (tmp_path / "state" / name).stat().st_mode & 0o077 == 0


def test_another_host_name_gets_its_certificate_from_the_same_authority(
    lasting: SandboxProcess, tmp_path: Path
) -> None:
    with lasting as first:
        ca = Path(first.ca_file).read_text()
    with SandboxProcess(state_dir=tmp_path / "state", vms=10, public_host="127.0.0.1") as second:
        assert Path(second.ca_file).read_text() == ca
        with Client(second, "reader") as reader:
            assert reader.get(vm_path("web-01")).status_code == 200


def test_it_ends_at_once_though_a_connection_is_kept_alive() -> None:
    process = SandboxProcess(vms=6).start()
    with Client(process, "reader") as reader:
        reader.vm("web-01")
        assert process.stop() == 0


@pytest.mark.parametrize("option", ["--http-port", "--https-port"])
def test_a_taken_port_is_one_clear_line(option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = {"--http-port": 0, "--https-port": 0, option: port}
        command = [sys.executable, "-m", "sandbox", *(str(word) for pair in ports.items() for word in pair)]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert run.returncode == 1
    assert run.stdout == ""
    (line,) = run.stderr.splitlines()
    assert str(port) in line
    assert option in line


def test_it_holds_a_hundred_thousand_machines() -> None:
    with SandboxProcess(vms=100_000) as large, Client(large, "reader") as reader:
        path = f"/subscriptions/{PRODUCTION}/providers/Microsoft.Compute/virtualMachines"
        page = reader.get(path).json()
        assert len(page["value"]) == 1000
        assert page["nextLink"]
        assert reader.get(vm_path("web-01")).status_code == 200
        query = "Resources | where type =~ 'Microsoft.Compute/virtualMachines' | order by id asc"
        answer = reader.call(
            "POST", "/providers/Microsoft.ResourceGraph/resources", {"query": query}, version="2021-03-01"
        )
        assert answer.json()["totalRecords"] == 100_000


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clock", {"advance_seconds": "soon"}),
        ("clock", []),
        ("entra", {"person": "nobody"}),
        ("entra", {"next_id_token": {"tamper": "gently"}}),
        (f"virtual-machines/{PRODUCTION}/rg-web/web-01", {}),
    ],
)
def test_the_control_api_refuses_what_makes_no_sense(sandbox: SandboxProcess, path: str, body: object) -> None:
    with pytest.raises(requests.HTTPError, match="400"):
        sandbox.control("POST", path, body)


def test_the_clock_tells_its_offset(sandbox: SandboxProcess) -> None:
    sandbox.advance_clock(90)
    assert sandbox.control("GET", "clock")["offset_seconds"] == 90
