"""Verification beside a sealer at work: what is sealed or anchored meanwhile is no tampering."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from portal.audit.models import AuditSubtree
from portal.audit.verification import log as verification
from portal.audit.verification.tree import TreeCheck
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import run

SOUND, TAMPERED = 0, 2
MOMENTS: dict[str, tuple[Any, str]] = {
    "once the size is known": (verification, "verified_checkpoints"),
    "before the tree is finished": (TreeCheck, "finish"),
    "before the chains": (verification, "broken_chains"),
    "before the anchors": (verification, "check_anchors"),
    "before the ends": (verification, "_check_ends"),
}


def meanwhile(monkeypatch: pytest.MonkeyPatch, moment: str, act: Callable[[], object]) -> None:
    """Acts just before this step of a verification."""
    module, name = MOMENTS[moment]
    step = getattr(module, name)

    def delayed(*arguments: object, **options: object) -> object:
        act()
        return step(*arguments, **options)

    monkeypatch.setattr(module, name, delayed)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_sealer_at_work_raises_no_alarm(log: SealedLog, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    log.grow(3)
    meanwhile(monkeypatch, moment, lambda: log.grow(2))
    (line,) = log.verify(now=timezone.now()).lines()
    assert line.startswith("SOUND: 3 events sealed, anchored up to #3")


def test_a_subtree_that_is_completed_meanwhile_raises_no_alarm(log: SealedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    log.grow(255)
    meanwhile(monkeypatch, "before the tree is finished", lambda: log.grow(1))
    assert log.verify(now=timezone.now()).exit_code == SOUND
    assert AuditSubtree.objects.count() == 1


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_is_cut_meanwhile_is_found(log: SealedLog, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    log.grow(2)
    log.grow(2)
    if moment == "before the ends":  # then nothing but the leaves is left to look at
        meanwhile(monkeypatch, moment, lambda: run("DELETE FROM audit_auditcheckpoint WHERE tree_size = 4"))
    else:
        meanwhile(
            monkeypatch, moment, lambda: run("UPDATE audit_auditcheckpoint SET tree_size = 3 WHERE tree_size = 4")
        )
    assert log.verify().exit_code == TAMPERED
