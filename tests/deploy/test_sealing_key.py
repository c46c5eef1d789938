"""The command that makes the key pair of a real installation."""

import base64

import pytest
from cryptography.hazmat.primitives import serialization

from deploy import sealing_key


def test_it_prints_the_public_key_of_the_private_key_that_it_wrote(tmp_path, capsys):
    assert sealing_key.main([str(tmp_path / "key.pem")]) == 0
    private_key = serialization.load_pem_private_key((tmp_path / "key.pem").read_bytes(), password=None)
    assert base64.b64decode(capsys.readouterr().out) == private_key.public_key().public_bytes_raw()


@pytest.mark.asvs("V13.3.2")
def test_only_the_owner_may_read_the_private_key_and_nobody_may_write_it(tmp_path):
    sealing_key.main([str(tmp_path / "key.pem")])
    assert [file.name for file in tmp_path.iterdir()] == ["key.pem"]
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o400


def test_it_never_replaces_a_key(tmp_path, capsys):
    (tmp_path / "key.pem").write_text("an older key", encoding="utf-8")
    assert sealing_key.main([str(tmp_path / "key.pem")]) == 1
    assert (tmp_path / "key.pem").read_text(encoding="utf-8") == "an older key"
    assert "key.pem: File exists." in capsys.readouterr().err


def test_it_says_where_it_cannot_write(tmp_path, capsys):
    assert sealing_key.main([str(tmp_path / "nowhere" / "key.pem")]) == 1
    assert "No key was made" in capsys.readouterr().err


def test_without_a_file_it_explains_itself(capsys):
    assert sealing_key.main([]) == 2
    assert "python deploy/sealing_key.py FILE" in capsys.readouterr().err
