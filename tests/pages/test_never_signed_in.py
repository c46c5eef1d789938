"""Who has never signed in may decide all the same; wherever they are named it says that no mail reaches them yet."""

import pytest
from django.core import mail
from django.utils import timezone

from portal.audit.actors import Actor
from portal.identity.models import User
from reimage.models import AccessGrant, GrantRole, PrincipalKind, VirtualMachine
from reimage.services import notification
from reimage.services.grants import create_grant
from tests.azure_fixtures import RG_WEB
from tests.cast import BOB, client_of, make_user
from tests.pages.reading import words
from tests.stories import draft, request_reimage

NO_MAIL = "Whoever has not signed in yet may decide, but gets no mail before"
pytestmark = pytest.mark.usefixtures("azure")


@pytest.fixture(autouse=True)
def bob_alone_approves(azure: object) -> AccessGrant:
    """By a grant of his own, before he was ever here."""
    AccessGrant.objects.filter(role=GrantRole.APPROVER).delete()
    return create_grant(
        actor=Actor.system("test"),
        principal_kind=PrincipalKind.USER,
        principal_id=BOB.object_id,
        label="Bob Baba",
        role=GrantRole.APPROVER,
        scope=RG_WEB,
    )


def pages(alice: User) -> list[str]:
    browser = client_of(alice)
    machine = VirtualMachine.objects.get(name="web-02")
    review = f"/requests/{draft(alice, 'web-02').pk}/review"
    return [words(browser.get(address)) for address in (f"/machines/{machine.pk}/", review)]


def test_a_requester_reads_that_he_gets_no_mail(alice: User) -> None:
    for page in pages(alice):
        assert "Bob Baba not signed in yet" in page
        assert NO_MAIL in page
        assert "Nobody can approve" not in page


def test_once_he_was_here_he_is_named_with_his_address(alice: User) -> None:
    make_user(BOB)
    for page in pages(alice):
        assert BOB.display_name in page
        assert NO_MAIL not in page


def test_no_address_is_invented(alice: User) -> None:
    request_reimage(alice, "web-02")
    notification.send_due_notices(now=timezone.now())
    assert [address for message in mail.outbox for address in message.recipients()] == []


def test_the_page_of_grants_says_so_until_he_was_here(alice: User, dan: User) -> None:
    administrator = client_of(dan)
    assert words(administrator.get("/access/")).count("not signed in yet: no mail until then") == 1
    make_user(BOB)
    assert "not signed in yet" not in words(administrator.get("/access/"))


def test_looking_at_a_grant_says_so_too(dan: User) -> None:
    fields = {
        "principal_kind": "user",
        "principal_id": "aaaabbbb-0000-4000-8000-000000000000",
        "principal_label": "Somebody New",
        "role": "approver",
        "scope": RG_WEB,
        "check": "",
    }
    page = words(client_of(dan).post("/access/", fields))
    assert "Somebody New not signed in yet" in page
    assert "Bob Baba not signed in yet" in page
