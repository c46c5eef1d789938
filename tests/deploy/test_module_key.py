"""The command that makes keys in a security module."""

import pytest

from deploy import module_key
from portal.audit.sealing.keys import read_signing_key, trusted_keys
from portal.audit.sealing.notes import Signer
from portal.security_module import keys, sessions
from tests.softhsm import Token

URL = "https://reimage.example.com"


def test_it_prints_the_public_key_that_the_portal_derives(token: Token, capsys: pytest.CaptureFixture[str]) -> None:
    assert module_key.main(["audit", token.uri("audit"), URL]) == 0
    signer = Signer("reimage.example.com/audit", read_signing_key(token.uri("audit")))
    assert [entry.key for entry in trusted_keys(capsys.readouterr().out)] == [signer.verifier_key]


def test_it_never_replaces_a_key(token: Token, capsys: pytest.CaptureFixture[str]) -> None:
    assert module_key.main(["sealing", token.uri("sealing")]) == 0
    first = keys.ModuleExchangeKey(token.place("sealing")).public_key()
    sessions.log_out()
    assert module_key.main(["sealing", token.uri("sealing")]) == 1
    assert (
        "No key was made: the token holds one of the name pkcs11:token=portal;object=sealing" in capsys.readouterr().err
    )
    assert keys.ModuleExchangeKey(token.place("sealing")).public_key() == first


@pytest.mark.parametrize(
    "arguments", [[], ["sealing"], ["audit", "pkcs11:"], ["audit", "pkcs11:", "host"], ["tls", "x"]]
)
def test_without_what_it_needs_it_explains_itself(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert module_key.main(arguments) == 2
    assert "python -m deploy.module_key sealing URI" in capsys.readouterr().err


def test_what_keeps_it_from_making_one_is_told(token: Token, capsys: pytest.CaptureFixture[str]) -> None:
    assert module_key.main(["sealing", "pkcs11:token=portal"]) == 1
    assert "must name a token and a key" in capsys.readouterr().err
    assert module_key.main(["sealing", token.uri("sealing", **{"module-path": "/nowhere/m.so"})]) == 1
    assert "No key was made. " in capsys.readouterr().err
