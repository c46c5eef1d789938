"""The worker's own sweeper: does what is long overdue without any message, so that neither broker nor beat is needed.

While messages flow, nothing stays due for long and this stays idle. See docs/decisions/0018.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Thread

import structlog
from celery import bootsteps, current_app
from celery.worker import WorkController
from django.conf import settings
from django.db import close_old_connections

from portal.database_trouble import cause_of
from portal.health import duties, heartbeats
from reimage import tasks
from reimage.services import execution, leases

LOOK_SECONDS = 3
INSTEAD = {"sweep": tasks.do_duties}  # without ringing: what is due is taken up below
THREADS = 4
ROOM = 200  # operations taken up at a time, so that a round is a few seconds' work
log = structlog.get_logger(__name__)


class Sweeper:
    """A thread that looks, and a few that advance what it finds. A claim decides whether a worker was quicker."""

    def __init__(self) -> None:
        self._ended = Event()
        self._looking = Thread(target=self._look_until_ended, name="sweeper", daemon=True)
        self._hands = ThreadPoolExecutor(THREADS, thread_name_prefix="sweeper")
        self._in_hand: dict[int, Future[None]] = {}
        # Of its own: behind two hundred operations that wait for a silent Azure nothing would be sealed or told.
        self._duties = ThreadPoolExecutor(1, thread_name_prefix="sweeper-duties")

    def start(self) -> None:
        """Begins to look; the first time after one interval."""
        self._looking.start()

    def stop(self) -> None:
        """Takes up nothing more and returns once the steps that have begun are done."""
        self._ended.set()
        self._looking.join()
        self.finish(drop_what_waits=True)

    def finish(self, *, drop_what_waits: bool = False) -> None:
        """Returns once nothing is in hand any more."""
        for pool in (self._hands, self._duties):
            pool.shutdown(cancel_futures=drop_what_waits)

    def _look_until_ended(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            try:
                self.look()
            except Exception as err:  # above all a database that is away: it is back at one of the next looks
                log.warning("sweeper.failed", cause=cause_of(err))

    def look(self) -> None:
        """Takes up what no message came for: operations, and duties that nobody did."""
        close_old_connections()
        self._in_hand = {pk: future for pk, future in self._in_hand.items() if not future.done()}
        overdue = leases.due_operation_ids(ROOM, overdue_seconds=settings.SWEEPER_GRACE_SECONDS)
        taken = [pk for pk in overdue if pk not in self._in_hand][: ROOM - len(self._in_hand)]
        if taken and not self._ended.is_set():
            log.warning("sweeper.no_message_came", operations=len(taken))
            self._in_hand |= {pk: self._hands.submit(_advance, pk) for pk in taken}
        self._take_up_duties()

    def _take_up_duties(self) -> None:
        """All that beat rings for, once it is overdue by as long as an operation may be, twice over."""
        patience, schedule = 2 * settings.SWEEPER_GRACE_SECONDS, current_app.conf.beat_schedule
        limits = {name: float(entry["schedule"]) + patience for name, entry in schedule.items()}
        for name in duties.take_overdue(limits):
            if not self._ended.is_set():
                log.warning("sweeper.duty_taken_up", duty=name)
                self._duties.submit(_do_duty, name, schedule[name]["task"])


def _do_duty(name: str, task: str) -> None:
    """As a message would have had it done."""
    close_old_connections()
    try:
        duty = INSTEAD.get(name) or current_app.tasks[task]
        duty()
        heartbeats.duty_ended(name)
    except current_app.tasks[task].throws as err:  # as the task itself has told
        log.warning("sweeper.duty_failed", duty=name, cause=str(err))
    except Exception:  # it is overdue again after a while
        log.exception("sweeper.duty_failed", duty=name)
    finally:
        close_old_connections()


def _advance(operation_id: int) -> None:
    """One step, as a message would have had it done."""
    close_old_connections()
    try:
        execution.advance_operation(operation_id)
    except Exception as err:  # the claim itself failed; nothing has happened yet
        log.warning("sweeper.not_advanced", operation=operation_id, cause=cause_of(err))
    finally:
        close_old_connections()


class SweeperStep(bootsteps.StartStopStep):
    """Starts with the worker, before its connection to the broker is even tried."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: WorkController, **options: object) -> None:
        super().__init__(worker, **options)
        self._sweeper = Sweeper()

    def start(self, _worker: WorkController) -> None:
        self._sweeper.start()

    def stop(self, _worker: WorkController) -> None:
        self._sweeper.stop()

    def terminate(self, worker: WorkController) -> None:
        """Also waits: a step that has begun is bounded by its calls' timeouts, and may hold an unwritten answer."""
        self.stop(worker)
