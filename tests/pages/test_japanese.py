"""Every page speaks Japanese to those who chose it."""

from portal.identity.models import User
from tests.cast import client_of
from tests.pages.reading import source
from tests.sandbox_process import SandboxProcess
from tests.stories import approve, draft, request_reimage, run


def test_every_page_is_shown_in_japanese(azure: SandboxProcess, alice: User, bob: User, dan: User) -> None:
    User.objects.update(language="ja")
    done = run(approve(bob, request_reimage(alice, "web-02")), azure)
    waiting, unsent = request_reimage(alice, "web-01"), draft(alice, "web-03")
    machine = unsent.operations.get().virtual_machine_id
    addresses = {
        alice.pk: [
            "/",
            "/machines/",
            f"/machines/{machine}/",
            f"/requests/new?vm={machine}",
            f"/requests/{unsent.pk}/review",
            "/requests/",
            f"/requests/{done.pk}/",
        ],
        bob.pk: ["/approvals/", f"/requests/{waiting.pk}/"],
        dan.pk: ["/access/"],
    }
    for person in User.objects.filter(pk__in=addresses):
        for address in addresses[person.pk]:
            page = client_of(person).get(address)
            assert page.status_code == 200, address
            assert '<html lang="ja"' in source(page), address
    ended = source(client_of(alice).get(f"/requests/{done.pk}/"))
    assert "完了" in ended
    assert "ポータル (自動処理)" in ended
