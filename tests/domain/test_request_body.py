import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reimage.domain.errors import DomainError
from reimage.domain.parameters import ReimageParameters, encode_custom_data, fingerprinted_body, request_body
from reimage.domain.virtual_machine import OsType
from tests.domain.samples import COMMITMENT, GOOD_PASSWORD

CLOUD_CONFIG = b"#cloud-config\n"
EVERYTHING = ReimageParameters(
    temp_disk=True,
    exact_version="aaaaaa",
    admin_password=GOOD_PASSWORD,
    custom_data=encode_custom_data(CLOUD_CONFIG),
)


def test_it_writes_the_first_documented_sample():
    assert request_body(ReimageParameters(temp_disk=True)) == {"tempDisk": True}


def test_it_writes_the_second_documented_sample():
    assert request_body(EVERYTHING) == {
        "tempDisk": True,
        "exactVersion": "aaaaaa",
        "osProfile": {"adminPassword": GOOD_PASSWORD, "customData": "I2Nsb3VkLWNvbmZpZwo="},
    }


@pytest.mark.parametrize("temp_disk", [None, False])
def test_it_writes_no_body_where_nothing_is_asked(temp_disk):
    assert request_body(ReimageParameters(temp_disk=temp_disk)) is None
    assert fingerprinted_body(ReimageParameters(temp_disk=temp_disk), os_type=OsType.WINDOWS) is None


def test_it_writes_only_the_fields_that_are_set():
    assert request_body(ReimageParameters(exact_version="0.1", temp_disk=False)) == {"exactVersion": "0.1"}
    assert request_body(ReimageParameters(admin_password="x")) == {"osProfile": {"adminPassword": "x"}}
    assert request_body(ReimageParameters(custom_data="YQ==")) == {"osProfile": {"customData": "YQ=="}}


def test_it_sends_wrapped_custom_data_in_one_line():
    assert request_body(ReimageParameters(custom_data="I2Nsb3Vk\r\nLWNvbmZp\nZwo=\n")) == {
        "osProfile": {"customData": "I2Nsb3VkLWNvbmZpZwo="}
    }


def test_its_fingerprint_has_the_same_shape_without_the_secrets():
    assert fingerprinted_body(EVERYTHING, os_type=OsType.WINDOWS, password_commitment=COMMITMENT) == {
        "tempDisk": True,
        "exactVersion": "aaaaaa",
        "osProfile": {
            "adminPassword": {"commitment": COMMITMENT},
            "customData": {"sha256": hashlib.sha256(CLOUD_CONFIG).hexdigest(), "bytes": 14},
        },
    }


def kept(parameters):
    return fingerprinted_body(parameters, os_type=OsType.WINDOWS)


@given(st.binary(min_size=1, max_size=200), st.binary(min_size=1, max_size=200))
def test_two_fingerprints_are_equal_when_the_bytes_on_the_wire_are(first, second):
    one, other = (ReimageParameters(custom_data=encode_custom_data(data)) for data in (first, second))
    assert (kept(one) == kept(other)) == (request_body(one) == request_body(other))


@pytest.mark.parametrize(
    ("parameters", "commitment"),
    [(ReimageParameters(admin_password=GOOD_PASSWORD), None), (ReimageParameters(), COMMITMENT)],
)
def test_it_refuses_a_password_without_its_commitment_and_the_reverse(parameters, commitment):
    with pytest.raises(DomainError, match="commitment") as refusal:
        fingerprinted_body(parameters, os_type=OsType.WINDOWS, password_commitment=commitment)
    assert GOOD_PASSWORD not in str(refusal.value)
