"""What Celery runs for the log: sealing, anchoring, streaming. Only the worker has the key."""

from collections.abc import Callable
from functools import partial

import structlog
from celery import shared_task, signals
from django.conf import settings
from django.utils import timezone

from portal.audit.sealing.anchors import anchor_checkpoints
from portal.audit.sealing.keys import SigningKeyProblem, refuse_unlisted_whatever_its_name
from portal.audit.sealing.sealer import SealingRefused, seal_audit_log
from portal.audit.sealing.tree import TreeIncomplete
from portal.audit.streaming import stream_sealed_events
from portal.security_module.sessions import KeyModuleError
from portal.worker_start import refuse_to_start

log = structlog.get_logger(__name__)


@signals.worker_init.connect
def refuse_to_start_without_the_key(**_: object) -> None:
    """An installation that is served seals its log; one on this machine alone may do without.

    Celery logs an Exception of a handler and goes on, so it takes more than one to stop the worker.
    """
    try:
        if settings.AUDIT_SIGNING_KEY_FILE or not settings.ENVIRONMENT.local:
            refuse_unlisted_whatever_its_name()
    except SigningKeyProblem as err:
        refuse_to_start(err)


@shared_task
def seal() -> None:
    """Every few seconds: what has just been committed."""
    _seal(thorough=False)


@shared_task
def seal_all() -> None:
    """Every few minutes: also what a very long transaction committed late."""
    _seal(thorough=True)


def _seal(*, thorough: bool) -> None:
    """Each part goes on although another fails; a mistake of ours fails the task, once all had their turn."""
    if not settings.AUDIT_SIGNING_KEY_FILE:
        return
    seal_events = partial(seal_audit_log, thorough=thorough)
    parts: tuple[Callable[..., object], ...] = (seal_events, anchor_checkpoints, stream_sealed_events)
    mistakes: list[Exception] = []
    for part in parts:
        try:
            part(now=timezone.now())
        except (SealingRefused, SigningKeyProblem, KeyModuleError, TreeIncomplete) as err:
            log.critical("audit.sealing_refused", problem=str(err))
        except Exception as err:  # nothing may keep the next part from its turn
            mistakes.append(err)
    if mistakes:
        raise ExceptionGroup("The audit log could not be sealed, anchored or streamed", mistakes)
