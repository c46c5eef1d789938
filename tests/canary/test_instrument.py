"""The search is not blind: each spelling is found, in each sink, where somebody puts it."""

import base64
import logging
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.http import HttpResponse

from portal.identity.models import User
from reimage.models import ReimageRequest
from tests.canary.sinks import Sinks
from tests.canary.spellings import PASSWORD, leaks, spellings
from tests.cast import client_of
from tests.docs.security_table import CATALOGUE
from tests.sandbox_process import SandboxProcess
from tests.stories import draft, request_reimage, submit


@pytest.mark.parametrize("spelling", spellings(PASSWORD))
def test_each_spelling_is_found(spelling: str) -> None:
    content = b"before" + spellings(PASSWORD)[spelling] + b"after"
    assert ("here", spelling) in leaks({"here": content})
    assert leaks({"here": b"nothing of it"}) == []


def test_no_spelling_of_the_canary_stands_in_for_another() -> None:
    """It holds what each writer escapes: else a leak that one of them made would be looked for in vain."""
    known = spellings(PASSWORD)
    assert len(set(known.values())) == len(known)


def test_the_document_counts_them() -> None:
    assert f"in {len(spellings(PASSWORD))} spellings" in CATALOGUE.read_text(encoding="utf-8")


@pytest.mark.parametrize("place", range(len(PASSWORD)))
@pytest.mark.parametrize("backslash", ["\\", "\\\\", "\\\\\\\\"])
def test_it_is_found_whichever_of_its_characters_is_escaped(place: int, backslash: str) -> None:
    code = f"{backslash}u{ord(PASSWORD[place]):04x}"
    content = f"before{PASSWORD[:place]}{code}{PASSWORD[place + 1 :]}after"
    assert ("here", "escaped plain") in leaks({"here": content.encode()})


@pytest.mark.parametrize("letter", ["/", '"', "'"])
def test_a_backslash_before_one_hides_nothing(letter: str) -> None:
    assert ("here", "escaped plain") in leaks({"here": PASSWORD.replace(letter, f"\\{letter}").encode()})


@pytest.mark.parametrize("before", [b"", b"a", b"ab"])
@pytest.mark.parametrize("after", [b"", b"z", b"yz"])
def test_base64_is_found_wherever_the_secret_stands_in_it(before: bytes, after: bytes) -> None:
    whole = base64.b64encode(before + PASSWORD.encode() + after)
    assert [name for _sink, name in leaks({"here": whole}) if name.startswith("base64 at")]


def _in_database(alice: User) -> None:
    ReimageRequest.objects.update(justification=PASSWORD)


def _in_logs(alice: User) -> None:
    logging.getLogger("some.library").debug("it is %s", PASSWORD)


def _in_mails(alice: User) -> None:
    mail.send_mail("Hello", f"It is {PASSWORD}.", None, ["alice@example.com"])


def _in_sessions(alice: User) -> None:
    session = client_of(alice).session
    session["typed"] = PASSWORD
    session.save()


def _in_files(alice: User) -> None:
    (Path(settings.VAR_DIR) / "left-behind").write_text(PASSWORD, encoding="utf-8")


@pytest.fixture
def nothing_left_behind() -> Any:
    yield
    (Path(settings.VAR_DIR) / "left-behind").unlink(missing_ok=True)


@pytest.mark.usefixtures("nothing_left_behind")
@pytest.mark.parametrize(
    ("put", "sink"),
    [
        (_in_database, "database"),
        (_in_logs, "logs"),
        (_in_mails, "mails"),
        (_in_sessions, "sessions"),
        (_in_files, "files and broker"),
    ],
)
def test_each_sink_is_read(azure: SandboxProcess, alice: User, sinks: Sinks, put: Any, sink: str) -> None:
    request_reimage(alice, "web-02")
    sinks.assert_clean()
    put(alice)
    assert sink in {found for found, _spelling in leaks(sinks.read())}


def test_so_is_all_that_an_auditor_reads_or_takes_away(azure: SandboxProcess, alice: User, sinks: Sinks) -> None:
    submit(draft(alice, "web-02", justification=PASSWORD))
    found = {sink for sink, _spelling in leaks(sinks.read())}
    assert {"audit exports", "evidence packs", "pages of everything"} <= found


def test_so_are_answers_and_what_leaves_the_database(azure: SandboxProcess, alice: User, sinks: Sinks) -> None:
    request_reimage(alice, "web-02")
    read = sinks.read()
    assert b"reimage_request.submitted" in read["audit stream"]
    assert b"localhost/audit" in read["anchors"]
    for response in (HttpResponse(PASSWORD), HttpResponse(headers={"X-Typed": spellings(PASSWORD)["url"].decode()})):
        sinks.answered(response)
    assert {"plain", "url"} <= {spelling for sink, spelling in leaks(sinks.read()) if sink == "answers"}
