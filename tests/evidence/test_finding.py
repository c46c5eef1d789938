"""What an auditor asks first: which requests about this machine carried a Delete warning, and who decided them?"""

from django.test import Client

from portal.identity.models import User
from reimage.models import ReimageRequest
from tests import stories
from tests.pages.reading import part


def found(auditor: Client, query: str) -> str:
    return part(auditor.get(f"/audit/?{query}"), "events").partition("</section>")[0]


def test_a_request_is_found_by_each_of_its_machines(asked: ReimageRequest, bob: User, auditor: Client) -> None:
    stories.approve(bob, asked)
    for machine in ("web-02", "web-03"):
        rows = found(auditor, f"target={machine}")
        assert "Reimage requested" in rows
        assert "Request approved" in rows
    assert "Reimage requested" not in found(auditor, "target=batch-01")


def test_with_a_delete_warning(asked: ReimageRequest, alice: User, auditor: Client) -> None:
    stories.request_reimage(alice, "web-04", change=stories.DeleteOptionChange.DETACH)
    assert found(auditor, "target=web-02&delete_warning=on").count("Reimage requested") == 1
    assert "Reimage requested" not in found(auditor, "target=web-04&delete_warning=on")
    assert "Reimage requested" in found(auditor, "target=web-04")
