"""The command that makes the key of the audit log."""

from pathlib import Path

import pytest

from deploy import audit_key
from portal.audit.sealing.keys import SigningKeyProblem, read_signing_key, trusted_keys
from portal.audit.sealing.notes import Signer

URL = "https://reimage.example.com"


def test_it_prints_the_public_key_that_the_portal_derives_from_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit_key.main([str(tmp_path / "key.pem"), URL]) == 0
    signer = Signer("reimage.example.com/audit", read_signing_key(str(tmp_path / "key.pem")))
    assert [entry.key for entry in trusted_keys(capsys.readouterr().out)] == [signer.verifier_key]


def test_only_the_owner_may_read_it_and_it_is_never_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audit_key.main([str(tmp_path / "key.pem"), URL])
    content = (tmp_path / "key.pem").read_bytes()
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o400
    assert audit_key.main([str(tmp_path / "key.pem"), URL]) == 1
    assert (tmp_path / "key.pem").read_bytes() == content
    assert "key.pem: File exists." in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["key.pem"], ["key.pem", "reimage.example.com"]])
def test_without_a_file_and_an_address_it_explains_itself(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit_key.main(arguments) == 2
    assert "python deploy/audit_key.py FILE PUBLIC_URL" in capsys.readouterr().err


def test_it_refuses_another_kind_of_key(tmp_path: Path) -> None:
    from deploy import sealing_key

    sealing_key.make_private_key(tmp_path / "key.pem")
    with pytest.raises(TypeError, match="another kind of key than Ed25519"):
        audit_key.public_key_of(tmp_path / "key.pem", URL)
    with pytest.raises(SigningKeyProblem, match="another kind of key than Ed25519"):
        read_signing_key(str(tmp_path / "key.pem"))
