"""A log verifies, and is searched, alike under a Python that knows other letters than the one that wrote it."""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from portal.audit import folding
from portal.audit.actors import Target
from portal.audit.canonical import canonical_bytes
from portal.audit.filters import EventFilter
from portal.audit.models import AuditEvent
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import run

PLANTED = Target("page", "/audit/\ua7cb", "J\U00010efd\u030c Straße")


class Unicode16:
    """Here U+A7CB is the capital of U+0264, and U+10EFD is a mark below the letter, which keeps none above it apart."""

    @staticmethod
    def normalize(form: str, text: str) -> str:
        """What Python does after it has folded the text."""
        known = text.replace("\ua7cb", "\u0264").replace("j\U00010efd\u030c", "\u01f0\U00010efd")
        return unicodedata.normalize("NFC", known)

    @staticmethod
    def is_normalized(form: str, text: str) -> bool:
        """The letter j takes a mark above it that such a mark below it stands before."""
        return unicodedata.is_normalized(form, text.replace("j\U00010efd\u030c", "j\u030c\U00010efd"))


@contextmanager
def python(name: str) -> Iterator[None]:
    """Ours, or a newer one."""
    with pytest.MonkeyPatch.context() as patch:
        if name == "newer":
            patch.setattr(folding, "unicodedata", Unicode16)
            assert folding.folded_by_python("\ua7cb") == "\u0264"
        yield


@pytest.mark.parametrize(("writer", "reader"), [("ours", "newer"), ("newer", "ours")])
def test_a_letter_that_one_python_knows_is_no_tampering(log: SealedLog, writer: str, reader: str) -> None:
    with python(writer):
        (event,) = log.grow(1, target=PLANTED)
    with python(reader):
        assert log.verify().lines()[0].startswith("SOUND: ")
        for text in (PLANTED.id, PLANTED.label, "STRASSE"):
            assert list(EventFilter({"target": text}, AuditEvent.objects.all()).qs) == [event]


@pytest.mark.parametrize("text", ["rg-j\U00010efd\u030c", "rg-j\U00010efd\u030c\n"])
def test_form_nfc_is_asked_of_the_letters_that_every_python_has(log: SealedLog, text: str) -> None:
    log.grow(1, target=Target("page", "1", text), detail={"message": text})
    with python("newer"):
        assert log.verify().lines()[0].startswith("SOUND: ")
        assert canonical_bytes(text)


def test_a_log_from_before_verifies_under_the_python_that_wrote_it(log: SealedLog) -> None:
    (event,) = log.grow(1, target=PLANTED)
    written = "\u01f0\U00010efd strasse\n/audit/\u0264"
    run(f"UPDATE audit_auditevent SET search_text = %s WHERE id = {event.pk}", parameters=[written])
    with python("newer"):
        assert log.verify().lines()[0].startswith("SOUND: ")


@pytest.mark.parametrize("reader", ["ours", "newer"])
@pytest.mark.parametrize(
    "forged",
    [
        "",
        "j\U00010efd\u030c strasse\n/audit/",
        "j\U00010efd\u030c strasse\n/audit/\ua7ca",
        "j\U00010efd\u030c STRASSE\n/audit/\ua7cb",
        "j\U00010efd\u030c straße\n/audit/\ua7cb",
        "\u01f0\U00010efd strasse\n/audit/\ua7cb",
    ],
)
def test_beside_such_a_letter_tampering_is_found(log: SealedLog, forged: str, reader: str) -> None:
    (event,) = log.grow(1, target=PLANTED)
    run(f"UPDATE audit_auditevent SET search_text = %s WHERE id = {event.pk}", parameters=[forged])
    with python(reader):
        assert "column search_text is not what its body says" in log.verify().lines()[0]
