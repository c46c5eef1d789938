"""Does the harm of the timeline to a running installation, keeps count of it, and mends everything in the end."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import psycopg

from tests.chaos import evidence
from tests.chaos.installation import Installation
from tests.chaos.processes import Process
from tests.chaos.recovery import Recovery
from tests.chaos.telling import say
from tests.chaos.timeline import Harm, azure_faults_of

BROKER_AWAY_SECONDS = 1.0
BEAT_AWAY_SECONDS = 1.0
# What Celery says once it has done something. Who has not is spared: on a slow machine, where starting takes longer
# than the time between two kills, nothing would be shown but that dead processes do nothing.
WORKING, SWEEPING = b" succeeded in ", b"reimage.tasks.sweep sent"
# The campaign's own look must not be what is harmed.
CUT = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE backend_type = 'client backend' AND application_name <> 'chaos' AND random() < 0.5"""


class Mischief:
    """`counts` is what was really done; `harms` is what befell workers and their database connections, and when."""

    def __init__(self, installation: Installation, timeline: Sequence[Harm], recovery: Recovery, *, seed: int) -> None:
        self._installation, self._timeline, self._recovery = installation, timeline, recovery
        self._seed = seed
        self._threads: list[threading.Thread] = []
        self._is_over = threading.Event()
        self.counts: Counter[str] = Counter()
        self.harms: list[evidence.Harm] = []
        self.troubles: list[str] = []

    def start(self) -> None:
        for script in azure_faults_of(self._seed):
            self._installation.sandbox.control("POST", "faults", {"random": script})
        self._threads = [threading.Thread(target=self._run, args=(kind,)) for kind in self._kinds()]
        for thread in self._threads:
            thread.start()

    def _kinds(self) -> list[frozenset[str]]:
        """One thread for all that befalls workers, so that nobody kills one who is paused; one for the broker."""
        workers = frozenset({"kill_worker", "pause_worker", "resume_worker"})
        broker = frozenset({"kill_broker", "flush_broker"})
        others = {harm.kind for harm in self._timeline} - workers - broker
        return [workers, broker, *(frozenset({kind}) for kind in sorted(others))]

    def _run(self, kinds: frozenset[str]) -> None:
        began = time.monotonic()
        for harm in self._timeline:
            if harm.kind not in kinds:
                continue
            self._is_over.wait(max(0.0, began + harm.at - time.monotonic()))
            # A paused worker is woken in its own time, also after the rest is over.
            if self._is_over.is_set() and harm.kind != "resume_worker":
                continue
            if harm.kind == "resume_worker":
                time.sleep(max(0.0, began + harm.at - time.monotonic()))
            try:
                getattr(self, f"_{harm.kind}")(harm)
            except Exception as error:  # the harm of one kind may hinder another's; the judge wants to know
                self.troubles.append(f"{harm.kind}: {type(error).__name__}: {error}")

    def end_harm(self) -> None:
        """No further harm but that a paused worker comes back; Azure is well again, and everything is up."""
        self._is_over.set()
        self._installation.sandbox.control("DELETE", "faults")
        for thread in self._threads[1:]:
            thread.join()
        for process in self._installation.processes():
            if not process.is_running:
                say(f"{process.name} had ended by itself and is started again")
                self.troubles.append(f"{process.name} ended by itself")
                process.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    @property
    def kills(self) -> int:
        return sum(count for kind, count in self.counts.items() if kind.startswith("kill_"))

    @property
    def broker_flushes(self) -> int:
        """A broker that was killed lost its messages too."""
        return self.counts["flush_broker"] + self.counts["kill_broker"]

    def _victim(self, harm: Harm) -> Process | None:
        """The one that is meant, or the next that works. None while no other would be left to go on."""
        workers = self._installation.workers
        ordered = [workers[(harm.who + step) % len(workers)] for step in range(len(workers))]
        working = [worker for worker in ordered if not worker.is_paused and worker.has_said(WORKING)]
        return working[0] if len(working) > 1 else None

    @contextmanager
    def _noted(self, kind: Literal["killed", "paused", "cut"], life: str = "") -> Iterator[None]:
        """For the judge, with how long the block took; also where it failed, for it may have struck."""
        began = time.time()
        try:
            yield
        finally:
            self.harms.append(evidence.Harm(began, kind, life, time.time() - began))

    def _kill_worker(self, harm: Harm) -> None:
        worker = self._victim(harm)
        if worker is None:
            self.counts["spared"] += 1
            return
        log = worker.log
        with self._noted("killed", log.name):
            worker.kill()
        self._recovery.watch(log, died_at=time.time())
        worker.start()
        self.counts["kill_worker"] += 1

    def _pause_worker(self, harm: Harm) -> None:
        worker = self._installation.workers[harm.who]
        with self._noted("paused", worker.log.name):
            worker.pause()
        self._recovery.watch(worker.log, died_at=time.time())
        self.counts["pauses"] += 1

    def _resume_worker(self, harm: Harm) -> None:
        self._installation.workers[harm.who].resume()

    def _kill_web(self, _harm: Harm) -> None:
        if not self._installation.web_answers():
            self.counts["spared"] += 1
            return
        self._installation.web.kill()
        self._installation.web.start()
        self.counts["kill_web"] += 1

    def _kill_beat(self, _harm: Harm) -> None:
        if not self._installation.beat.has_said(SWEEPING):
            self.counts["spared"] += 1
            return
        self._installation.beat.kill()
        time.sleep(BEAT_AWAY_SECONDS)
        self._installation.beat.start()
        self.counts["kill_beat"] += 1

    def _kill_broker(self, _harm: Harm) -> None:
        if self._installation.broker is None:
            return
        with self._installation.restarting_broker():
            time.sleep(BROKER_AWAY_SECONDS)
        self.counts["kill_broker"] += 1

    def _flush_broker(self, _harm: Harm) -> None:
        self._installation.flush_broker()
        self.counts["flush_broker"] += 1

    def _cut_database(self, _harm: Harm) -> None:
        if not self._installation.has_postgresql:
            return
        url = self._installation.environment_of_the_judge()["DATABASE_URL"]
        with self._noted("cut"), psycopg.connect(url, autocommit=True) as connection:
            row = connection.execute(CUT).fetchone()
        self.counts["cut_database"] += row[0] if row else 0
