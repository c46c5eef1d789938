"""The demo's keys: made once, private, and a pair."""

import base64

from cryptography.hazmat.primitives import serialization

from deploy.demo.local_keys import LocalKeys


def test_the_keys_are_the_same_the_second_time(tmp_path):
    assert LocalKeys.in_folder(tmp_path) == LocalKeys.in_folder(tmp_path)


def test_two_installations_have_different_keys(tmp_path):
    one, other = LocalKeys.in_folder(tmp_path / "one"), LocalKeys.in_folder(tmp_path / "other")
    assert one.secret_key != other.secret_key
    assert one.sealing_public_key != other.sealing_public_key


def test_the_secret_key_is_as_long_as_the_contract_asks(tmp_path):
    assert len(LocalKeys.in_folder(tmp_path).secret_key) >= 50


def test_only_the_owner_may_read_the_private_key_and_nobody_may_write_it(tmp_path):
    assert LocalKeys.in_folder(tmp_path).sealing_private_key_file.stat().st_mode & 0o777 == 0o400
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600


def test_the_public_key_is_that_of_the_private_key_file(tmp_path):
    keys = LocalKeys.in_folder(tmp_path)
    private_key = serialization.load_pem_private_key(keys.sealing_private_key_file.read_bytes(), password=None)
    assert private_key.public_key().public_bytes_raw() == base64.b64decode(keys.sealing_public_key)


def test_a_key_that_was_never_finished_is_made_anew(tmp_path):
    (tmp_path / "sealing-private.unfinished").write_text("half a k", encoding="utf-8")
    assert len(base64.b64decode(LocalKeys.in_folder(tmp_path).sealing_public_key)) == 32
