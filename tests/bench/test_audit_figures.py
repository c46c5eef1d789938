"""The figures of the audit log can be measured; whether they are met is `make bench`'s to say, on a quiet machine."""

import shutil
from pathlib import Path

import pytest

from tests.bench.audit.portal import Portal
from tests.bench.figures import audit_appends, audit_review, audit_verify
from tests.bench.services import Services

TINY = 0.0


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrating takes longer than all the rest."""
    folder = tmp_path_factory.mktemp("migrated")
    Portal(Services(folder))
    return folder / "portal.sqlite3"


@pytest.fixture
def services(migrated: Path, tmp_path: Path) -> Services:
    shutil.copy(migrated, tmp_path)
    return Services(tmp_path)


def test_appends_on_one_chain_and_on_many_are_counted(services: Services) -> None:
    found = audit_appends.measure(services, TINY)
    assert min(found[name] for name in ("writers", "events_per_s", "chained_events_per_s", "p50_ms", "ratio")) > 0


def test_a_log_is_made_sealed_and_verified(services: Services) -> None:
    found = audit_verify.measure(services, TINY)
    assert str(found["verdict"]).startswith("SOUND: 100 events sealed, anchored up to #100")
    assert min(found[name] for name in ("seconds", "cpu_s", "mb")) > 0


def test_every_page_of_the_list_is_read_beside_a_minimal_view(services: Services) -> None:
    found = audit_review.measure(services, TINY)
    assert min(found[name] for name in ("p50_ms", "p95_ms", "minimal_p95_ms", "ratio")) > 0
