"""What can be recorded is a closed list of well-named actions."""

import pytest

from portal.audit import catalogue
from portal.audit.catalogue import ACCESS_REFUSED, AUDIT_LOG_EXPORTED, AuditAction, CatalogueError


@pytest.fixture(autouse=True)
def own_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "_actions", {})


@pytest.mark.parametrize(
    "name",
    ["reimage_request.submitted", "user.signed_in", "notice.sent", "operation.begun", "time.gone", "a1.set"],
)
def test_it_takes_a_name_made_of_noun_and_past_participle(name: str) -> None:
    assert AuditAction(name, "label").name == name


@pytest.mark.parametrize(
    "name",
    ["", "submitted", "request.approve", "Request.approved", "request approved", "request.", ".approved",
     "a.b.approved", "request.approved\n", "request-x.approved", "_request.approved", "request__x.approved"],
)  # fmt: skip
def test_it_refuses_any_other_name(name: str) -> None:
    with pytest.raises(CatalogueError, match=r"noun\.past_participle"):
        AuditAction(name, "label")


def test_it_finds_a_registered_action_by_its_name() -> None:
    catalogue.register(AUDIT_LOG_EXPORTED)
    assert catalogue.get("audit_log.exported") is AUDIT_LOG_EXPORTED


def test_it_lists_actions_by_name() -> None:
    catalogue.register(AUDIT_LOG_EXPORTED, ACCESS_REFUSED)
    assert catalogue.all_actions() == (ACCESS_REFUSED, AUDIT_LOG_EXPORTED)


def test_it_refuses_a_second_action_of_the_same_name() -> None:
    catalogue.register(ACCESS_REFUSED)
    with pytest.raises(CatalogueError, match=r"access\.refused is registered already"):
        catalogue.register(AuditAction("access.refused", "another"))


def test_it_says_how_to_mend_a_missing_action() -> None:
    with pytest.raises(CatalogueError, match=r"'access\.refused': register it"):
        catalogue.get("access.refused")


def test_it_shows_the_bare_name_of_an_action_that_is_no_longer_registered() -> None:
    assert catalogue.label_of("disk.restored") == "disk.restored"


def test_an_action_reads_as_its_label() -> None:
    assert str(ACCESS_REFUSED) == "Access refused"
