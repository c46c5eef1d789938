"""The search finds the canary in each spelling that a program could write it in, wherever it was written."""

import base64
import html
import json
import quopri
from pathlib import Path
from urllib.parse import urlencode

import pytest

from reimage.models import Notice
from tests.chaos.canary import CUSTOM_DATA, leaks_in_files, leaks_in_texts, password_of
from tests.chaos.people import shows_secret
from tests.chaos.sinks import leaks

SECRET = password_of(7)
MESSAGE = json.dumps({"body": base64.b64encode(json.dumps({"password": SECRET}).encode()).decode()})
SPELLINGS = {
    "plain": SECRET.encode(),
    "form": urlencode({"password": SECRET}).encode(),
    "json": json.dumps({"password": SECRET}).encode(),
    "json in json": json.dumps(json.dumps({"password": SECRET})).encode(),
    "json, not escaped": json.dumps({"password": SECRET}, ensure_ascii=False).encode(),
    "repr": repr({"password": SECRET}).encode(),
    "repr of bytes": repr(SECRET.encode()).encode(),
    "html": html.escape(SECRET).encode(),
    "a mail": quopri.encodestring(SECRET.encode()),
    "lower case": SECRET.lower().encode(),
    "utf-16, as Windows writes": SECRET.encode("utf-16-le"),
    "hexadecimal": SECRET.encode().hex().encode(),
    "base64": base64.b64encode(SECRET.encode()),
    "base64, one byte later": base64.b64encode(b"." + SECRET.encode()),
    "base64, two bytes later": base64.b64encode(b".." + SECRET.encode()),
    "base64 for URLs": base64.urlsafe_b64encode(b"?>" + SECRET.encode()),
    "a message of Celery's": MESSAGE.encode(),
    "a message in base64": base64.b64encode(MESSAGE.encode()),
    "customData": base64.b64encode(CUSTOM_DATA.encode()),
}
# What a campaign's folder holds.
FILES = (
    "logs/web.1.log",
    "logs/worker2.3.log",
    "var/mail/20260101.log",
    "var/broker/messages/1.celery.msg",
    "var/demo.sqlite3-wal",
    "var/audit-anchors.jsonl",
    "postgresql/data/pg_wal/000000010000000000000001",
    "postgresql/data/base/5/16384",
    "audit-export.jsonl",
    "control/done",
)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_it_is_found_in_each_spelling(spelling: str, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"a line with " + SPELLINGS[spelling] + b" in it")
    assert list(leaks_in_files([tmp_path / "log"])) == [str(tmp_path / "log")]


@pytest.mark.parametrize(
    ("method", "path", "status", "secret", "shown"),
    [
        ("POST", "/requests/new", 503, SECRET, True),
        ("POST", "/requests/new", 503, CUSTOM_DATA, False),  # the form comes back as it was filled in
        ("POST", "/requests/new", 422, CUSTOM_DATA, False),
        ("POST", "/requests/new", 500, CUSTOM_DATA, True),
        ("GET", "/requests/new", 200, CUSTOM_DATA, True),
        ("POST", "/requests/1/review", 422, CUSTOM_DATA, True),
        ("GET", "/requests/1/", 200, SECRET, True),
    ],
)
def test_an_answer_that_shows_it_is_told(method: str, path: str, status: int, secret: str, shown: bool) -> None:
    assert shows_secret(method, path, status, f"<p>{html.escape(secret)}</p>".encode()) is shown


def test_it_is_found_in_texts() -> None:
    assert list(leaks_in_texts([("row", SECRET), ("another", "canary")])) == ["row"]


def test_nothing_else_is(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a canary, but not ours: Canary-8", encoding="utf-8")
    assert not list(leaks_in_files([tmp_path / "log", tmp_path, tmp_path / "absent"]))
    (tmp_path / "empty").touch()
    assert not list(leaks_in_files([tmp_path / "empty"]))


def found(folder: Path, **sinks: object) -> list[str]:
    everything: dict[str, object] = {"broker": [], "pages": [], "bodies": []}
    return list(leaks(folder, **everything | sinks))


@pytest.mark.parametrize("name", FILES)
def test_it_is_found_in_each_file(name: str, db: None, tmp_path: Path) -> None:
    for other in FILES:
        (tmp_path / other).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / other).write_text("nothing", encoding="utf-8")
    assert found(tmp_path) == []
    (tmp_path / name).write_text(SECRET, encoding="utf-8")
    assert found(tmp_path) == [str(tmp_path / name)]


def test_it_is_found_in_a_row(db: None, tmp_path: Path) -> None:
    Notice.objects.create(kind="finished", detail={"password": SECRET})
    assert found(tmp_path) == [f"a row of {Notice._meta.db_table}"]


@pytest.mark.parametrize("sink", ["broker", "pages"])
def test_it_is_found_in_what_was_sent(sink: str, db: None, tmp_path: Path) -> None:
    assert found(tmp_path, **{sink: [("here", MESSAGE), ("there", "nothing")]}) == ["here"]


def test_azure_may_be_given_custom_data_and_nothing_else(db: None, tmp_path: Path) -> None:
    given = base64.b64encode(CUSTOM_DATA.encode()).decode()
    assert found(tmp_path, bodies=[{"osProfile": {"customData": given}}]) == []
    assert found(tmp_path, bodies=[{"osProfile": {"adminPassword": SECRET}}]) == ["the sandbox's ledger"]
