import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reimage.domain.custom_data import CustomDataError, custom_data_violations, decode_custom_data, encode_custom_data
from reimage.domain.errors import RuleViolation


@given(st.binary(max_size=4096))
@pytest.mark.asvs("V1.1.1")
def test_it_decodes_what_it_encodes(data):
    assert decode_custom_data(encode_custom_data(data)) == data


@given(st.binary(max_size=4096))
def test_it_reads_a_file_that_is_wrapped_at_76_characters(data):
    wrapped = base64.encodebytes(data).decode().replace("\n", "\r\n")
    assert decode_custom_data(f" {wrapped}\t") == data


def test_it_encodes_text_as_utf_8():
    assert encode_custom_data("#cloud-config\n# 日本") == base64.b64encode("#cloud-config\n# 日本".encode()).decode()


@pytest.mark.parametrize("encoded", ["YQ", "YQ=", "Y", "====", "YQ==YQ==", "YW-_", "#cloud-config", "YQ\u00a0==", "あ"])
@pytest.mark.asvs("V1.1.1")
def test_it_refuses_what_is_not_base64(encoded):
    assert custom_data_violations(encoded) == (RuleViolation("custom_data", "custom_data_not_base64"),)


@pytest.mark.parametrize("encoded", ["", "  \r\n"])
def test_it_refuses_nothing(encoded):
    assert custom_data_violations(encoded) == (RuleViolation("custom_data", "custom_data_empty"),)


@pytest.mark.asvs("V5.2.1")
def test_it_accepts_65535_bytes_and_refuses_one_more():
    assert custom_data_violations(encode_custom_data(b"x" * 65_535)) == ()
    assert custom_data_violations(encode_custom_data(b"x" * 65_536)) == (
        RuleViolation("custom_data", "custom_data_too_long", {"maximum": 65_535, "bytes": 65_536}),
    )


def test_its_error_says_what_is_expected_and_keeps_the_content_to_itself():
    with pytest.raises(CustomDataError, match="must be base64") as refusal:
        decode_custom_data("geheim!")
    assert "geheim" not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__
