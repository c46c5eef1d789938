"""Makes the script's wishes come true over HTTP, and keeps what the portal acknowledged: it must hold afterwards."""

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

from django.db import close_old_connections

from reimage.models import GrantRole, VirtualMachine
from tests.cast import ALICE, BOB, DAN, EVE
from tests.chaos import registry
from tests.chaos.deeds import Deed
from tests.chaos.people import Person, UnansweredError
from tests.chaos.scale import Scale
from tests.chaos.script import Fate, Wish
from tests.chaos.shift import Shift
from tests.chaos.telling import say
from tests.sandbox_process import SandboxProcess


class Feeder:
    """Several feeders share one queue of wishes; each has people of its own, so that their browsers do not mix."""

    def __init__(self, wishes: Sequence[Wish], base_url: str, sandbox: SandboxProcess, size: Scale) -> None:
        self._queue = deque(wishes)
        self._base_url, self._sandbox, self._size = base_url, sandbox, size
        self._machines = registry.machines()
        self._common = sorted({machine for wish in wishes if wish.fate is Fate.RUN for machine in wish.machines})
        self.deeds: list[Deed] = []
        self.given_up: Counter[str] = Counter()
        self.shown: list[str] = []  # where a secret could be read
        self._deadline = time.monotonic() + size.longest_feeding_seconds
        self._threads = [threading.Thread(target=self._feed, name=f"feeder{n}") for n in range(size.feeders)]

    def prepare(self) -> None:
        """Grants for what the script needs; everybody has signed in once, so that the portal knows them."""
        for subscription in {machine.subscription_id for machine in self._machines}:
            scope = f"/subscriptions/{subscription}"
            # Alice may approve too: what stops her from deciding on her own request is that rule alone.
            for part, role in ((ALICE, GrantRole.REQUESTER), (ALICE, GrantRole.APPROVER), (BOB, GrantRole.APPROVER)):
                registry.grant(part, role, scope)
        for wish in self._queue:
            scope = self._machines[wish.machines[0]].resource_id
            if wish.fate in (Fate.CONTESTED, Fate.REQUESTER_REVOKED):
                registry.grant(EVE, GrantRole.REQUESTER, scope)
            if wish.fate is Fate.APPROVER_REVOKED:
                registry.grant(DAN, GrantRole.APPROVER, scope)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    @property
    def is_done(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        """No further wish is begun."""
        self._deadline = 0.0

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    @property
    def operations(self) -> int:
        return sum(len(deed.machines) for deed in list(self.deeds))

    def _feed(self) -> None:
        people = [Person(part, self._base_url) for part in (ALICE, BOB, DAN, EVE)]
        shift = Shift(self, people)
        try:
            shift.sign_in()
            while time.monotonic() < self._deadline:
                try:
                    wish = self._queue.popleft()
                except IndexError:
                    return
                try:
                    shift.fulfil(wish)
                except UnansweredError as error:
                    self.given_up[str(error)] += 1
                    say(f"a wish was given up: {error}")
        finally:
            shift.close()
            self.shown += (page for person in people for page in person.shown)
            close_old_connections()

    def machines_of(self, wish: Wish) -> list[VirtualMachine]:
        return [self._machines[number] for number in wish.machines]

    def later(self, wish: Wish) -> None:
        """Its machines are occupied: after the others, and for free machines instead, as far as there are any."""
        self._queue.append(replace(wish, machines=tuple(self._substituted(wish))) if wish.fate is Fate.RUN else wish)

    def _substituted(self, wish: Wish) -> Iterator[int]:
        occupied = registry.occupied()
        free = [
            number
            for number in self._common
            if number not in wish.machines and self._machines[number].resource_key not in occupied
        ]
        random.shuffle(free)  # two feeders rarely choose the same
        for number in wish.machines:
            yield free.pop() if self._machines[number].resource_key in occupied and free else number

    def hold(self, machine: VirtualMachine, *, busy: bool) -> None:
        """While somebody else is at it, the portal waits before it sends anything."""
        self.drift(machine, provisioning_state="Updating" if busy else "Succeeded")

    def drift(self, machine: VirtualMachine, **patch: object) -> None:
        where = {"group": machine.resource_group, "subscription": machine.subscription_id}
        self._sandbox.drift(machine.name, **where, **patch)
