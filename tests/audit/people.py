"""Events with personal texts, for the tests of what becomes of them."""

from uuid import UUID

from portal.audit.actors import Actor, Target
from portal.audit.models import AuditEvent, AuditPersonalText
from portal.audit.personal import Personal
from portal.audit.redaction import Redaction, redact, texts_of_person
from tests.audit.events import record_event
from tests.cast import ALICE, BOB, TENANT_ID, Part

GROUND = "Request 7 under article 17."
OPERATOR = Actor.system("test")


def actor_of(part: Part) -> Actor:
    return Actor("person", str(TENANT_ID), str(part.object_id), part.display_name)


def by_alice(comment: str = "Please, disk is full.", **parts: object) -> AuditEvent:
    """Her name, and her words."""
    return record_event(actor=actor_of(ALICE), detail={"comment": Personal(comment), "rows": 7}, **parts)


def about_alice() -> AuditEvent:
    """Bob acts, and the event is about her: the label and the note are hers, the name is his."""
    alice = Target.person(str(ALICE.object_id), "Alice Aoki")
    return record_event(actor=actor_of(BOB), related=[alice], detail={"note": Personal("She asked.")})


def redact_person(part: Part = ALICE) -> Redaction:
    texts = texts_of_person(tenant_id=UUID(str(TENANT_ID)), object_id=UUID(str(part.object_id)))
    return redact(texts=texts, reason=GROUND, actor=OPERATOR)


def texts_left() -> set[str]:
    return set(AuditPersonalText.objects.values_list("text", flat=True))
