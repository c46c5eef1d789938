"""Each address answers the verbs that it is for, and no other."""

import pytest
from django.test import Client

VERBS = ("get", "head", "post", "put", "patch", "delete", "options")
ALLOWED = {
    "/sign-in": {"get", "post"},
    "/sign-in/callback": {"get"},
    "/sign-out": {"post"},
    "/signed-out": {"get"},
    "/settings/language": {"post"},
    "/settings/time-zone": {"post"},
}
REFUSED = [(path, verb) for path, allowed in ALLOWED.items() for verb in VERBS if verb not in allowed]


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "verb"), REFUSED)
def test_it_refuses_other_verbs(path: str, verb: str) -> None:
    assert getattr(Client(), verb)(path).status_code == 405


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "verb"), [("/sign-out", "post"), ("/settings/language", "post"), ("/sign-in", "post")]
)
def test_every_deed_needs_the_forms_token(path: str, verb: str) -> None:
    assert getattr(Client(enforce_csrf_checks=True), verb)(path).status_code == 403
