"""Which of the demo's processes is told what."""

from pathlib import Path

import pytest

from deploy.demo.environment import OPERATOR, READER, DemoEnvironment
from deploy.demo.local_keys import LocalKeys
from deploy.demo.ports import Ports
from portal.environment import CONTRACT, read_environment

ROLES = ["web", "worker", "beat"]


@pytest.fixture
def demo(tmp_path):
    ports = Ports(web=8100, sandbox_http=8101, sandbox_https=8102)
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox" / "ca.pem").touch()
    return DemoEnvironment(ports, tmp_path, LocalKeys.in_folder(tmp_path / "keys"), {"PATH": "/bin"})


@pytest.mark.parametrize("role", ROLES)
def test_every_process_gets_an_environment_that_the_portal_accepts(demo, role):
    environment = read_environment(demo.of(role), base_dir=Path("/nowhere"))
    assert environment["PUBLIC_URL"] == "http://localhost:8100"
    assert environment["DATABASE_URL"] == f"sqlite:///{demo.folder}/portal.sqlite3"


@pytest.mark.parametrize("role", ["web", "beat"])
@pytest.mark.asvs("V13.2.2", "V13.3.2")
def test_only_the_worker_can_open_what_was_sealed_and_write_to_azure(demo, role):
    environment = demo.of(role)
    assert not {name for name in environment if "PRIVATE" in name or "SIGNING" in name}
    assert not set(OPERATOR.values()) & set(environment.values())
    assert READER.items() <= environment.items()


def test_the_worker_gets_the_private_key_and_the_operators_identity(demo):
    environment = demo.of("worker")
    assert environment["SEALING_PRIVATE_KEY_FILE"] == str(demo.keys.sealing_private_key_file)
    assert OPERATOR.items() <= environment.items()


def test_no_process_is_told_the_private_key_itself(demo):
    private_pem = demo.keys.sealing_private_key_file.read_text(encoding="utf-8")
    assert all(private_pem not in value for role in ROLES for value in demo.of(role).values())


def test_a_developers_own_settings_do_not_leak_into_the_demo(demo):
    own = {"DATABASE_URL": "postgres://real", "SECRET_KEY_FILE": "/real", "SEALING_PRIVATE_KEY_FILE": "/real", "A": "b"}
    meddled = DemoEnvironment(demo.ports, demo.folder, demo.keys, own)
    for environment in (meddled.of_the_sandbox(), meddled.of("web")):
        assert environment["A"] == "b"
        assert not {"DATABASE_URL", "SECRET_KEY_FILE", "SEALING_PRIVATE_KEY_FILE"} & environment.keys()


def test_loopback_goes_past_a_proxy(demo):
    proxied = DemoEnvironment(demo.ports, demo.folder, demo.keys, {"no_proxy": "intranet.example.com"})
    assert proxied.of("web")["no_proxy"] == "intranet.example.com,localhost,127.0.0.1,::1"


def test_the_sandbox_is_told_nothing_of_the_portal(demo):
    assert not demo.of_the_sandbox().keys() & {setting.name for setting in CONTRACT}
