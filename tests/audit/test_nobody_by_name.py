"""No name, address or word of a person stands in what is sealed or streamed: redaction could not reach it there."""

from datetime import timedelta
from itertools import chain

import pytest
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.audit.stream_lines import lines_from
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.models import AccessGrant
from reimage.services import attention, grants, pausing
from tests import stories
from tests.audit.people import redact_person, texts_left
from tests.audit.sealing.logs import SealedLog
from tests.azure_fixtures import RG_WEB
from tests.cast import ALICE, BOB, CAROL, DAN, EVE, Part, client_of, make_user
from tests.pages.reading import words
from tests.sandbox_process import SandboxProcess

CAST = (ALICE, BOB, CAROL, DAN, EVE)
SAID = "I looked at it myself."
TYPED = (SAID, "The disk image is corrupt.", "INC-7")


def named(log: SealedLog) -> list[str]:
    """The events, and the stream, that name somebody or quote them."""
    log.seal()
    texts = [text.encode() for text in (*TYPED, *chain(*map(_names_of, CAST)))]
    found = [
        action
        for action, body in AuditEvent.objects.order_by("pk").values_list("action", "body")
        if any(text in bytes(body) for text in texts)
    ]
    streamed = b"".join(line.encoded(again=False) for line in lines_from(0, 1_000, 1_000))
    assert streamed.count(b"\n") == AuditEvent.objects.count()
    return found + ["the stream"] * any(text in streamed for text in texts)


def _names_of(part: Part) -> tuple[str, ...]:
    name = part.display_name
    return name, f"{name.split()[0].lower()}@example.com"


@pytest.mark.parametrize(("role", "who"), [("requester", "Whoever asked"), ("approver", "Whoever approved")])
def test_where_a_right_was_lost(
    azure: SandboxProcess, log: SealedLog, alice: User, bob: User, role: str, who: str
) -> None:
    made = stories.approved(alice, bob, "web-02")
    AccessGrant.objects.filter(role=role).delete()
    stories.run(made, azure)
    assert named(log) == []
    assert "Aoki" not in str(made.operations.get().findings)
    assert f"{who} may no longer" in words(client_of(alice).get(f"/requests/{made.pk}/"))


@pytest.mark.parametrize(("decided", "part"), [(False, ALICE), (True, BOB)])
def test_a_refusal_that_names_somebody_is_about_them(
    azure: SandboxProcess, alice: User, bob: User, decided: bool, part: Part
) -> None:
    """So that a redaction by person reaches the portal's own sentence in somebody else's event."""
    made = stories.request_reimage(alice, "web-02")
    other = make_user(EVE, group_ids=BOB.group_ids)
    if decided:
        stories.approve(bob, made)
    else:
        AccessGrant.objects.filter(role="requester").delete()
    refused = client_of(other).post(f"/requests/{made.pk}/approve", {"digest": made.digest, "comment": ""})
    assert part.display_name in words(refused)
    assert part.display_name in str(texts_left())
    redact_person(part)
    assert part.display_name not in str(texts_left())


def test_in_all_that_the_cast_does(
    azure: SandboxProcess, log: SealedLog, alice: User, bob: User, carol: User, dan: User, eve: User
) -> None:
    _ask_and_decide(alice, bob)
    _settle(azure, alice, bob, dan)
    _oversee(alice, carol, dan)
    client_of(eve).get("/audit/")
    actors = set(AuditEvent.objects.values_list("actor_object_id", flat=True))
    assert actors >= {str(part.object_id) for part in CAST}
    assert named(log) == []


def _ask_and_decide(alice: User, bob: User) -> None:
    """One approved and then canceled, one rejected; Bob comes too late for either, and Alice for none but her own."""
    approver, requester = client_of(bob), client_of(alice)
    for deed, machine in (("approve", "web-02"), ("reject", "web-03")):
        made = stories.request_reimage(alice, machine)
        answer = {"digest": made.digest, "comment": SAID}
        assert requester.post(f"/requests/{made.pk}/{deed}", answer).status_code == 403
        assert approver.post(f"/requests/{made.pk}/{deed}", answer).status_code == 302
        assert approver.post(f"/requests/{made.pk}/{deed}", answer).status_code == 409
        requester.post(f"/requests/{made.pk}/cancel")


def _settle(azure: SandboxProcess, alice: User, bob: User, dan: User) -> None:
    azure.faults("reset_before", match={"verb": "POST", "path_contains": "/reimage"})
    made = stories.approved(alice, bob, "web-04")
    operation = stories.advance_to(made.operations.get(), OperationState.OUTCOME_UNKNOWN)
    stories.age(operation, timedelta(minutes=21))
    attention.settle_operation(
        administrator=dan,
        operation_id=stories.advance_to(operation, OperationState.NEEDS_ATTENTION).pk,
        executed=False,
        comment=SAID,
        confirmation="web-04",
        now=timezone.now(),
    )


def _oversee(alice: User, carol: User, dan: User) -> None:
    """Carol exports what Alice did; Dan pauses, gives Alice a grant and takes it away, and signs her out."""
    b"".join(client_of(carol).get("/audit/export.csv?person=Alice+Aoki").streaming_content)
    pausing.pause_execution(administrator=dan, reason=SAID)
    pausing.resume_execution(administrator=dan)
    grant = grants.grant_access(
        administrator=dan,
        principal_kind="user",
        principal_id=ALICE.object_id,
        principal_label=ALICE.display_name,
        role="approver",
        scope=RG_WEB,
        tag_name="",
        tag_value="",
    )
    grants.delete_grant(administrator=dan, grant_id=grant.pk)
    assert client_of(dan).post(f"/sessions/{alice.pk}/end").status_code == 302
