"""A body over the limit is refused before anything reads it, and what is within it never becomes a file."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from portal.identity.models import User
from tests.cast import client_of

LIMIT = 8_000_000
PLAINTEXT = b"#cloud-config canary "


class Untouchable:
    """A body that must not be read."""

    def read(self, *_: object) -> bytes:
        raise AssertionError("the body was read")

    readline = readinto = read


@pytest.fixture
def stranger() -> Client:
    """A browser in which nobody has signed in, held to the same checks as in service."""
    return Client(enforce_csrf_checks=True)


def send_unread(client: Client, path: str = "/theme", **meta: str) -> Any:
    extra: dict[str, Any] = {"wsgi.input": Untouchable(), "CONTENT_TYPE": "multipart/form-data; boundary=x"} | meta
    return client.generic("POST", path, **extra)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"])
@pytest.mark.asvs("V4.2.1", "V5.2.1")
def test_before_sign_in_nothing_over_the_limit_is_read(stranger: Client, kind: str) -> None:
    response = send_unread(stranger, CONTENT_LENGTH=str(LIMIT + 1), CONTENT_TYPE=kind)
    assert response.status_code == 413
    assert "The portal takes at most 8 MB at once" in response.content.decode()
    assert "Go back and send less" in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("meta", [{"HTTP_TRANSFER_ENCODING": "chunked"}, {"CONTENT_LENGTH": "-1"}])
@pytest.mark.asvs("V4.2.1")
def test_a_body_of_unknown_size_is_not_read(stranger: Client, meta: dict[str, str]) -> None:
    assert send_unread(stranger, **meta).status_code == 413


def test_a_signed_in_person_is_refused_in_their_language_and_as_a_fragment(alice: User) -> None:
    client = client_of(alice)
    page = send_unread(client, "/requests/new", CONTENT_LENGTH=str(LIMIT + 1), HTTP_ACCEPT_LANGUAGE="ja")
    assert "一度に送信できるサイズを超えています" in page.content.decode()
    fragment = send_unread(client, "/requests/new", CONTENT_LENGTH=str(LIMIT + 1), HTTP_HX_REQUEST="true")
    assert fragment.status_code == 413
    assert "<html" not in fragment.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("note", ["x" * LIMIT, SimpleUploadedFile("init.yml", b"x" * LIMIT)], ids=["field", "file"])
def test_a_real_body_over_the_limit_is_refused_whatever_it_holds(client: Client, note: Any) -> None:
    assert client.post("/theme", {"theme": "dark", "note": note}).status_code == 413


@pytest.mark.django_db
@pytest.mark.parametrize("as_file", [False, True])
def test_what_fifty_machines_may_need_is_accepted(client: Client, as_file: bool) -> None:
    largest = b"x" * 90_000
    fields = {f"g{number}": SimpleUploadedFile("f", largest) if as_file else largest.decode() for number in range(50)}
    assert client.post("/theme", {"theme": "dark", **fields}).status_code == 302


@pytest.mark.django_db
@pytest.mark.asvs("V5.3.1", "V5.3.2", "V14.2.2")
@pytest.mark.parametrize("name", ["init.yml", "../../init.yml", "/etc/init.yml", "..\\init.yml"])
def test_an_upload_never_becomes_a_file(client: Client, settings: Any, tmp_path: Path, name: str) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "nowhere")  # a file would have to be made there, and could not be
    upload = SimpleUploadedFile(name, PLAINTEXT * 300_000)
    assert client.post("/theme", {"theme": "dark", "note": upload}).status_code == 302
    assert list(tmp_path.iterdir()) == []
