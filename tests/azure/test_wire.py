"""What the portal puts on the wire: versions, bodies, headers, and Azure's words for a refusal."""

import json
import logging
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from reimage.azure.calls import Accepted
from reimage.azure.echoes import CLEANSED
from reimage.azure.virtual_machines import (
    change_delete_option,
    disk_exists,
    image_versions,
    read_virtual_machine,
    submit_reimage,
)
from reimage.domain.parameters import ReimageParameters, request_body
from reimage.domain.virtual_machine import DeleteOption
from tests.azure.samples import CALL, DISK, FULL, PASSWORD, SUBSCRIPTION, WEB_02, machine, version_of
from tests.azure.server import Answer, Server


def test_the_first_documented_sample_leaves_as_documented(server: Server) -> None:
    submit_reimage(WEB_02, request_body(ReimageParameters(temp_disk=True)), client_request_id=CALL)
    (post,) = server.arrivals
    assert json.loads(post.body) == {"tempDisk": True}
    assert post.headers["Content-Type"] == "application/json"
    assert urlsplit(post.path).path == f"{WEB_02}/reimage"


def test_the_second_documented_sample_leaves_as_documented(server: Server) -> None:
    submit_reimage(WEB_02, request_body(FULL), client_request_id=CALL)
    assert json.loads(server.arrivals[0].body) == {
        "tempDisk": True,
        "exactVersion": "aaaaaa",
        "osProfile": {"adminPassword": PASSWORD, "customData": "I2Nsb3VkLWNvbmZpZwo="},
    }


@pytest.mark.parametrize("body", [None, {}])
def test_empty_parameters_leave_no_body(server: Server, body: dict[str, object] | None) -> None:
    submit_reimage(WEB_02, body, client_request_id=CALL)
    (post,) = server.arrivals
    assert post.body == b""
    assert "text/plain" not in post.headers.get("Content-Type", "")


def test_every_call_names_its_version(server: Server) -> None:
    server.answer = Answer(200, machine())
    read_virtual_machine(WEB_02)
    assert version_of(server) == "2024-07-01"
    change_delete_option(WEB_02, DeleteOption.DETACH, client_request_id=CALL)
    assert version_of(server) == "2024-07-01"
    server.answer = Answer(202)
    submit_reimage(WEB_02, None, client_request_id=CALL)
    assert version_of(server) == "2024-07-01"
    server.answer = Answer(200, [])
    image_versions(SUBSCRIPTION, location="japaneast", publisher="p", offer="o", sku="s")
    assert version_of(server) == "2024-07-01"
    server.answer = Answer(200, {"location": "japaneast"})
    disk_exists(DISK)
    assert version_of(server) == "2024-03-02"


def test_the_calls_carry_our_request_id_and_the_token(server: Server) -> None:
    server.answer = Answer(202)
    submit_reimage(WEB_02, None, client_request_id=CALL)
    (post,) = server.arrivals
    assert post.headers["x-ms-client-request-id"] == str(CALL)
    assert post.headers["Authorization"] == "Bearer token-of-the-portal"


@pytest.mark.asvs("V12.3.2", "V12.3.4")
def test_an_authority_in_the_environment_does_not_replace_ours(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "other.pem").write_text("", encoding="utf-8")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "other.pem"))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(tmp_path / "other.pem"))
    server.answer = Answer(202)
    assert isinstance(submit_reimage(WEB_02, None, client_request_id=CALL), Accepted)


def test_with_an_authority_of_our_own_no_proxy_of_the_environment_is_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    server.answer = Answer(202)
    assert isinstance(submit_reimage(WEB_02, None, client_request_id=CALL), Accepted)


@pytest.mark.asvs("V16.2.5")
def test_a_body_is_never_logged(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for status in (202, 400, 500):
        server.answer = Answer(status, {"error": {"code": "BadRequest", "message": "No."}} if status != 202 else None)
        submit_reimage(WEB_02, request_body(FULL), client_request_id=uuid4())
    assert len(server.arrivals) == 3
    assert PASSWORD not in caplog.text
    assert "I2Nsb3VkLWNvbmZpZwo" not in caplog.text
    assert "token-of-the-portal" not in caplog.text
    assert not [record for record in caplog.records if record.name.startswith("azure.core")]


def test_an_answer_that_echoes_the_body_is_cut_to_its_words(server: Server) -> None:
    server.answer = Answer(500, {"error": {"code": "InternalError", "message": f"osProfile {PASSWORD}"}})
    assert PASSWORD not in repr(submit_reimage(WEB_02, request_body(FULL), client_request_id=CALL))


def test_a_cloud_error_is_read_with_what_is_inside_it(server: Server) -> None:
    server.answer = Answer(
        409,
        {
            "error": {
                "code": "OperationNotAllowed",
                "message": "Outer.",
                "details": [
                    {"code": "TooManyRequests", "message": "Inner."},
                    {"code": "OperationNotAllowed", "message": "Again."},
                ],
                "innererror": {"exceptiontype": "System.Exception", "errordetail": "Deep."},
            }
        },
    )
    outcome = submit_reimage(WEB_02, None, client_request_id=CALL)
    assert not isinstance(outcome, Accepted)
    assert outcome.message == "Outer. TooManyRequests: Inner. System.Exception Deep."


@pytest.mark.asvs("V14.2.4")
@pytest.mark.parametrize("before", [1_000 - length for length in range(len(PASSWORD) + 1)])
def test_azures_words_are_cut_but_no_secret_into_a_half(server: Server, before: int) -> None:
    server.answer = Answer(400, {"error": {"code": "BadRequest", "message": "x" * before + PASSWORD * 300}})
    outcome = submit_reimage(WEB_02, request_body(FULL), client_request_id=CALL)
    assert outcome.message == ("x" * before + CLEANSED * 300)[:1_000]


def test_so_are_those_about_a_change_of_the_delete_option(server: Server) -> None:
    server.answer = Answer(400, {"error": {"code": "BadRequest", "message": "x" * 5_000}})
    outcome = change_delete_option(WEB_02, DeleteOption.DETACH, client_request_id=CALL)
    assert outcome.message == "x" * 1_000
