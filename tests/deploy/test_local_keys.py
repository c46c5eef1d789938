"""The demo's keys: made once, and private."""

import base64

import pytest

from deploy.demo.local_keys import LocalKeys


def test_the_keys_are_the_same_the_second_time(tmp_path):
    assert LocalKeys.in_folder(tmp_path) == LocalKeys.in_folder(tmp_path)


def test_two_installations_have_different_keys(tmp_path):
    one, other = LocalKeys.in_folder(tmp_path / "one"), LocalKeys.in_folder(tmp_path / "other")
    assert one.secret_key != other.secret_key
    assert one.sealing_public_key != other.sealing_public_key


def test_the_secret_key_is_as_long_as_the_contract_asks_and_the_owners_alone(tmp_path):
    assert len(LocalKeys.in_folder(tmp_path).secret_key) >= 50
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600


def test_a_secret_key_that_was_never_finished_is_made_anew(tmp_path):
    (tmp_path / "secret-key").touch()
    assert LocalKeys.in_folder(tmp_path).secret_key


@pytest.mark.asvs("V11.6.1")
def test_the_public_key_has_the_length_of_x25519(tmp_path):
    assert len(base64.b64decode(LocalKeys.in_folder(tmp_path).sealing_public_key)) == 32
