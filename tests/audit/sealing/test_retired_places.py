"""A place that the worker is no longer told of is no longer waited for; what it knew stays noted, and counts again."""

import socket
from contextlib import closing

import pytest

from portal.audit.figures import read
from portal.audit.models import AuditAnchor
from portal.audit.sealing.status import places_told, seal_status
from tests.audit.sealing.logs import SealedLog


@pytest.fixture
def left(log: SealedLog) -> SealedLog:
    """Its syslog knows the first event, is away, and then taken out of the configuration."""
    path = str(log.folder / "log")
    log.settings.AUDIT_ANCHOR_SYSLOG = path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(path)
        log.grow(1)
    log.grow(1)
    assert (seal_status().anchored_up_to, seal_status().failing_since is None) == (1, False)
    log.settings.AUDIT_ANCHOR_SYSLOG = ""
    return log


def test_it_holds_nothing_back(left: SealedLog) -> None:
    left.grow(1)
    assert (seal_status().anchored_up_to, seal_status().failing_since) == (3, None)
    assert [place.name for place in places_told()] == ["file"]
    behind = next(figure for figure in read().figures if figure.name == "portal_audit_anchor_behind_seconds")
    assert set(behind.values) == {("file",)}
    assert AuditAnchor.objects.get(place="syslog").tree_size == 1


def test_it_is_retired_though_nothing_new_is_sealed(left: SealedLog) -> None:
    left.anchor()
    assert seal_status().anchored_up_to == 2


def test_a_web_process_that_is_not_told_of_it_counts_it_all_the_same(left: SealedLog) -> None:
    """The worker decides: until it has run without the place, the place is one."""
    assert seal_status().anchored_up_to == 1


def test_one_that_comes_back_counts_from_where_it_was(left: SealedLog) -> None:
    left.grow(1)
    path = f"{left.folder}/back"
    left.settings.AUDIT_ANCHOR_SYSLOG = path
    left.anchor()
    assert (seal_status().anchored_up_to, seal_status().failing_since is None) == (1, False)
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as server:
        server.bind(path)
        server.settimeout(30)
        assert left.anchor() == {"file": 3, "syslog": 3}
        assert len([server.recv(65536) for _ in range(2)]) == 2
    assert (seal_status().anchored_up_to, seal_status().failing_since) == (3, None)
