"""Fixtures of every test: the cast, and tables that only grow but must be emptied between tests."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management.commands import flush
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import translation
from hypothesis import HealthCheck, settings

from portal.identity.models import User
from tests import softhsm
from tests.append_only import without_append_only_triggers
from tests.audit.sealing.fixtures import log
from tests.azure_fixtures import azure, grants, inventory, running_sandbox, sandbox, sealing_key
from tests.brokers import servers
from tests.browser import chromium
from tests.cast import ALICE, BOB, CAROL, DAN, EVE, make_user
from tests.crashes import small_disk
from tests.order import rank
from tests.softhsm import token

__all__ = ["azure", "grants", "inventory", "log", "running_sandbox", "sandbox", "sealing_key", "token"]

# Properties judge what a rule answers, never how long a busy machine took.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture
def alice(db: None) -> User:
    return make_user(ALICE)


@pytest.fixture
def bob(db: None) -> User:
    return make_user(BOB)


@pytest.fixture
def carol(db: None) -> User:
    return make_user(CAROL)


@pytest.fixture
def dan(db: None) -> User:
    return make_user(DAN)


@pytest.fixture
def eve(db: None) -> User:
    return make_user(EVE)


@pytest.fixture(autouse=True)
def no_language_outlasts_its_test() -> Iterator[None]:
    """A request in Japanese leaves its language to the thread; in service the next request replaces it."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session", autouse=True)
def append_only_tables_are_flushed_after_transactional_tests() -> Iterator[None]:
    """A transactional test ends with Django's `flush`, which the log's triggers refuse: they step aside for it."""
    original = flush.sql_flush

    def sql_flush(style: Any, connection: BaseDatabaseWrapper, **options: Any) -> list[str]:
        return without_append_only_triggers(connection, original(style, connection, **options))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "sql_flush", sql_flush)
        yield


@pytest.hookimpl(trylast=True)  # after pytest-django, which sorts by the kind of database access
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """See tests/order.py."""
    items.sort(key=lambda item: rank(item.nodeid))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One loud line for each thing for want of which tests were left out: a browser, a broker, a small disk."""
    skipped = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    brokers = filter(None, map(servers.missing, servers.BROKERS))
    wants = (chromium.ABSENT, small_disk.NO_SMALL_DISK, softhsm.ABSENT, *brokers)
    for want in wants:
        if any(want in reason for reason in skipped):
            terminalreporter.write_line(f"\n!!! {want} !!!", red=True, bold=True)


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> Iterator[None]:
    """What one test caches, above all image versions, is not there for the next one in its process."""
    yield
    cache.clear()
