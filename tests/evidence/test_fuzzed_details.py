"""Any JSON anywhere in the detail of one event: the pack comes to its end, and the operation's page answers."""

import hashlib
import random
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from portal.audit.actors import Actor
from portal.audit.canonical import canonical_bytes
from portal.audit.models import AuditEvent
from reimage.evidence_pack.pack import take_evidence_pack
from reimage.models import ReimageRequest
from tests.audit.sealing.tampering import triggers_off
from tests.evidence.altering import body_of, operation_pages
from tests.evidence.packs import TakenPack

ROUNDS = 60
VALUES = (
    *(None, True, False, 0, -1, 2**53 - 1, "", "x", "%s %(x)s", "\u202e<b>", "0001-01-01T00:00:00+14:00", "Delete"),
    *([], [7], [[]], [None], {}, {"x": 1}, {"code": []}, [{"code": {}}], {"code": "drifted", "params": {"field": []}}),
    *({"personal_sha256": "x"}, {"personal_sha256": {}}, {"en": 5}, {"en": [5]}, {"ja": [{}]}, {"looked_at": []}),
    *({"looked_at": {}, "quiet_seconds": 2**52, "activity_log": []}, {"looked_at": 1, "vm_id_seen": {}}),
)
KEYS = (
    *("code", "params", "findings", "evidence", "comment", "message", "azure_code", "status", "outcome", "executed"),
    *("virtual_machines", "authenticated_at", "justification", "ticket", "digest", "read_at", "before", "fields"),
)


def places_in(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in it with each of its keys."""
    if isinstance(value, dict | list):
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        for key in keys:
            yield value, key
            yield from places_in(value[key])


def mutate(detail: dict[str, Any], rng: random.Random) -> None:
    """Replaces one value, takes one away, or adds one under a key that the portal uses."""
    places = list(places_in(detail))
    if not places or rng.random() < 0.25:
        detail[rng.choice(KEYS)] = rng.choice(VALUES)
        return
    container, key = rng.choice(places)
    if rng.random() < 0.15:
        del container[key]
    else:
        container[key] = rng.choice(VALUES)


def store(event: AuditEvent, stored: bytes) -> None:
    values = [stored, hashlib.sha256(stored).hexdigest(), event.pk]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_auditevent SET body = %s, digest = %s WHERE id = %s", values)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_the_pack_comes_to_its_end_and_the_page_answers(ended: ReimageRequest, auditor: Client, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311  # the same mutations in each run
    events = [
        *AuditEvent.objects.filter(subject=ended.audit_subject),
        *AuditEvent.objects.filter(action="session.signed_in"),
    ]
    with triggers_off():
        for _ in range(ROUNDS):
            event = rng.choice(events)
            body = body_of(event)
            mutate(body["detail"], rng)
            store(event, canonical_bytes(body))
            check(ended, auditor, told=f"{event.action} {body['detail']}")
            store(event, bytes(event.body))


def check(ended: ReimageRequest, auditor: Client, *, told: str) -> None:
    try:
        pieces = take_evidence_pack(reimage_request_id=ended.pk, actor=Actor.system("test"))
        pack = TakenPack(b"".join(pieces))
        operation_pages(auditor, ended)
    except Exception as err:
        raise AssertionError(told) from err
    assert pack.names[-1] == "verify_audit.py", told
    for language in ("en", "ja"):
        assert pack.text(f"request.{language}.html").rstrip().endswith("</html>"), told
    assert "This part cannot be told" not in pack.words(), told  # the last guard is for what nobody thought of
