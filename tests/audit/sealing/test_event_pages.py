"""An event's page whatever is in the event: it stays a page that a browser can show, and tells what was altered."""

import hashlib
import uuid
from unittest.mock import patch

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.audit import views
from portal.audit.actors import Actor, Target
from portal.audit.canonical import canonical_bytes
from portal.audit.folding import folded_by_python, searchable
from portal.audit.insertion import insert, log_cursor
from portal.audit.models import AuditEvent
from portal.audit.presentation import first_entries, readable_json
from portal.audit.projection import columns_of
from portal.audit.redaction import redact, texts_of_event
from portal.identity.models import User
from tests.audit.memory import most_memory
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import run
from tests.audit.sealing.test_damaged_pages import ALTERED_WORDS
from tests.evidence.altering import body_of

CUT = {"en": "characters are shown; the file of this event has all", "ja": "文字だけを表示しています"}
CUT_DETAIL = {"en": "Only the first part of the detail is shown", "ja": "詳細は先頭の部分だけ"}


def put(body: dict[str, object], stored: bytes | None = None) -> AuditEvent:
    """Adds an event of this body; `stored` stands in its place beside its columns."""
    whole = canonical_bytes({**body, "event_id": str(uuid.uuid4())})
    stored = whole if stored is None else stored
    values = columns_of(whole) | {"body": stored, "digest": hashlib.sha256(stored).hexdigest()}
    with log_cursor() as cursor:
        return insert(cursor, values)


def shown(auditor: Client, event: AuditEvent, language: str = "en") -> str:
    response = auditor.get(f"/audit/{event.event_id}/", headers={"accept-language": language})
    assert response.status_code == 200
    return response.content.decode()


def test_a_damaged_body_is_shown_as_it_is_stored(auditor: Client, log: SealedLog) -> None:
    (event,) = log.grow(1)
    stored = b'{"a":' + b"[" * 300 + b"1," * 2_000 + b"1" + b"]" * 300 + b"}"
    text = shown(auditor, put(body_of(event), stored))
    assert "1,1,1" in text
    assert len(text) < 50_000


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_large_event_makes_no_huge_page(auditor: Client, log: SealedLog, language: str) -> None:
    (event,) = log.grow(1)
    small, many, long = (
        put(body_of(event) | {"detail": {"t": value}}) for value in ([0] * 4_000, [100_000] * 40_000, "x" * 300_000)
    )
    texts = [shown(auditor, one, language) for one in (small, many, long)]
    assert [CUT[language] in text for text in texts] == [False, True, True]
    assert [CUT_DETAIL[language] in text for text in texts] == [False, True, False]
    assert max(map(len, texts)) < 1_000_000


def test_only_what_is_cut_is_said_to_be(auditor: Client) -> None:
    assert readable_json(b'{"a":[1]}', as_stored=False).shown == '{\n  "a": [\n    1\n  ]\n}'
    assert readable_json(b'{"a":[1]}', as_stored=True).shown == '{"a":[1]}'
    for sign in ("x", "あ", "😀"):
        whole, more = (readable_json((sign * count).encode(), as_stored=True) for count in (200_000, 200_001))
        assert (whole.is_cut, more.is_cut, whole.shown == more.shown) == (False, True, True)
    whole, more = (first_entries({"t": [0] * count}) for count in (4_999, 5_000))
    assert (whole.is_cut, more.is_cut, len(whole.shown[0].entries)) == (False, True, 4_999)
    last = first_entries({"t": [0] * 4_998, "u": [1]}).shown[-1]
    assert (last.text, last.entries) == ("…", ()), "no list is told to be empty that is not"


def test_redactions_are_read_a_few_at_a_time(auditor: Client, log: SealedLog, alice: User) -> None:
    (event,) = log.grow(1, actor=Actor.person(alice))
    target = {"kind": "audit_event", "id": str(event.event_id), "label": "x"}
    for _ in range(30):
        detail = {"fields": [], "t": "x" * 900_000}
        put(body_of(event) | {"action": "audit.redacted", "target": target, "detail": detail})
    with patch.object(views, "REDACTIONS_READ", 25):
        redact(texts=texts_of_event(event.event_id), reason="x", actor=Actor.system("test"))
        with most_memory() as most:
            shown(auditor, event)
    assert most[0] < 25_000_000


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_page_tells_that_the_text_was_altered_that_searches_go_by(
    auditor: Client, log: SealedLog, language: str
) -> None:
    first, second = log.grow(2, target=Target("virtual_machine", "/x/web-01", "web-01"))
    run("UPDATE audit_auditevent SET search_text = 'web-02' WHERE id = %s", parameters=[second.pk])
    assert [ALTERED_WORDS[language] in shown(auditor, event, language) for event in (first, second)] == [False, True]
    with CaptureQueriesContext(connection) as captured:
        assert auditor.get("/audit/").status_code == 200
    assert not [query for query in captured if '"search_text"' in query["sql"].partition(" FROM ")[0]]


def test_a_text_that_was_folded_by_an_older_version_was_not_altered(auditor: Client, log: SealedLog) -> None:
    label = "\u1c89"  # a letter of Unicode 16
    (event,) = log.grow(1, target=Target("virtual_machine", "x", label))
    folded = f"{searchable(label)}\nx"
    with patch("portal.audit.disclosure.folded_by_python", side_effect=lambda text: f"{folded_by_python(text)}-"):
        run("UPDATE audit_auditevent SET search_text = %s WHERE id = %s", parameters=[f"{folded}-", event.pk])
        assert ALTERED_WORDS["en"] not in shown(auditor, event)
    assert ALTERED_WORDS["en"] in shown(auditor, event)
