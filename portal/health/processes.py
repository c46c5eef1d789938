"""Gives Celery's long-lived processes a pulse: a worker hears messages, beat hears itself publish."""

from celery import signals

from portal.health.models import ProcessRole
from portal.health.pulse import Pulse

_pulses: list[Pulse] = []


def _begin(role: ProcessRole) -> None:
    pulse = Pulse(role)
    _pulses.append(pulse)
    pulse.start()


def _hear(role: ProcessRole) -> None:
    for pulse in _pulses:
        if pulse.role == role:
            pulse.hear()


@signals.worker_ready.connect
def _worker_begins(**_: object) -> None:
    _begin(ProcessRole.WORKER)


@signals.task_received.connect
def _worker_hears(**_: object) -> None:
    _hear(ProcessRole.WORKER)


@signals.beat_init.connect
def _beat_begins(**_: object) -> None:
    _begin(ProcessRole.BEAT)


@signals.after_task_publish.connect
def _beat_publishes(**_: object) -> None:
    _hear(ProcessRole.BEAT)


@signals.worker_shutdown.connect
def _worker_ends(**_: object) -> None:
    while _pulses:
        _pulses.pop().stop()
