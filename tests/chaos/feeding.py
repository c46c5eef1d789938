"""Makes the script's wishes come true over HTTP, and keeps what the portal acknowledged: it must hold afterwards."""

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.db import close_old_connections

from reimage.domain.request_states import RequestState
from reimage.models import AccessGrant, GrantRole, VirtualMachine
from tests.cast import ALICE, BOB, DAN, EVE
from tests.chaos import canary, registry
from tests.chaos.people import GLANCE_SECONDS, Person, UnansweredError, patiently
from tests.chaos.scale import Scale
from tests.chaos.script import DRIFTS, MAY_RUN, Fate, Wish
from tests.chaos.telling import say
from tests.sandbox_process import SandboxProcess

TRIES = 40  # of a request for machines that are occupied, before the wish is given up


@dataclass(slots=True)
class Deed:
    """A request that was sent, and what the portal acknowledged about it."""

    number: int
    fate: Fate
    machines: tuple[str, ...]
    password: str = ""
    acknowledged: set[str] = field(default_factory=set)  # sent, approve, reject, cancel
    stopped_at: float = 0.0  # when what must stop it had happened (seconds since 1970); 0 where nothing shall


class Feeder:
    """Several feeders share one queue of wishes; each has people of its own, so that their browsers do not mix."""

    def __init__(self, wishes: Sequence[Wish], base_url: str, sandbox: SandboxProcess, size: Scale) -> None:
        self._queue = deque(wishes)
        self._base_url, self._sandbox, self._size = base_url, sandbox, size
        self._machines = registry.machines()
        self._common = sorted({machine for wish in wishes if wish.fate is Fate.RUN for machine in wish.machines})
        self.deeds: list[Deed] = []
        self.given_up: Counter[str] = Counter()
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
        shift = _Shift(self, [Person(part, self._base_url) for part in (ALICE, BOB, DAN, EVE)])
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


class _Shift:
    """One thread's people at work on one wish after the other."""

    def __init__(self, feeder: Feeder, people: Sequence[Person]) -> None:
        self._feeder = feeder
        self._alice, self._bob, self._dan, self._eve = self._people = people
        self._tries: Counter[int] = Counter()

    def sign_in(self) -> None:
        for person in self._people:
            person.sign_in()

    def close(self) -> None:
        for person in self._people:
            person.close()

    def fulfil(self, wish: Wish) -> None:
        deed = self._ask_together(wish) if wish.fate is Fate.CONTESTED else self._ask(wish, self._requester(wish))
        if deed is None:
            self._tries[wish.number] += 1
            if self._tries[wish.number] < TRIES:
                self._feeder.later(wish)
                time.sleep(GLANCE_SECONDS)
            else:
                self._feeder.given_up["machines stayed occupied"] += 1
            return
        self._feeder.deeds.append(deed)
        self._decide(wish, deed)

    def _requester(self, wish: Wish) -> Person:
        return self._eve if wish.fate is Fate.REQUESTER_REVOKED else self._alice

    def _ask(self, wish: Wish, requester: Person) -> Deed | None:
        """From the form to the approvers; None where a machine is occupied."""
        machines = self._feeder.machines_of(wish)
        number = patiently(lambda: requester.draft(_form(wish, machines)))
        if number is None:
            return None
        phrase = machines[0].name if len(machines) == 1 else f"reimage {len(machines)}"
        deed = Deed(number, wish.fate, tuple(machine.resource_key for machine in machines), _password(wish, machines))
        if not self._carry_out(deed, "sent", lambda: requester.confirm(number, phrase), RequestState.DRAFT):
            return None
        return deed

    def _ask_together(self, wish: Wish) -> Deed | None:
        """Alice and Eve at the same moment: at most one of their requests may occupy the machine."""
        found: list[Deed | None] = []
        other = threading.Thread(target=lambda: found.append(self._ask(wish, self._eve)))
        other.start()
        try:
            found.append(self._ask(wish, self._alice))
        finally:
            other.join()
        winners = [deed for deed in found if deed]
        for deed in winners[1:]:  # both were let in: the judge will see two requests where one is possible
            self._feeder.deeds.append(deed)
        return winners[0] if winners else None

    def _carry_out(self, deed: Deed, verb: str, act: object, before: RequestState) -> bool:
        """Does it once for certain: after silence, the database tells whether it was done."""

        def once() -> bool:
            if registry.state_of(deed.number) != before:
                return True
            if not act():  # type: ignore[operator]
                return registry.state_of(deed.number) != before
            deed.acknowledged.add(verb)
            return True

        return patiently(once)

    def _decide(self, wish: Wish, deed: Deed) -> None:
        machine = self._feeder.machines_of(wish)[0]
        pending = RequestState.PENDING_APPROVAL
        match wish.fate:
            case Fate.REJECTED:
                self._carry_out(deed, "reject", lambda: self._bob.decide(deed.number, "reject", comment="No."), pending)
            case Fate.CANCELED:
                self._carry_out(deed, "cancel", lambda: self._alice.decide(deed.number, "cancel"), pending)
            case Fate.UNDECIDED:
                patiently(lambda: self._alice.decide(deed.number, "approve", digest=registry.digest_of(deed.number)))
                registry.let_term_end(deed.number)
            case Fate.RUN | Fate.CONTESTED:
                self._approve(deed, self._bob)
            case _:
                self._feeder.hold(machine, busy=True)
                self._approve(deed, self._dan if wish.fate is Fate.APPROVER_REVOKED else self._bob)
                is_there = self._spoil(wish, deed, machine)
                deed.stopped_at = time.time()
                if is_there:
                    self._feeder.hold(machine, busy=False)
        if wish.fate not in MAY_RUN and not deed.stopped_at:
            deed.stopped_at = time.time()

    def _approve(self, deed: Deed, approver: Person) -> None:
        digest = registry.digest_of(deed.number)
        pending = RequestState.PENDING_APPROVAL
        self._carry_out(deed, "approve", lambda: approver.decide(deed.number, "approve", digest=digest), pending)

    def _spoil(self, wish: Wish, deed: Deed, machine: VirtualMachine) -> bool:
        """What must stop an approved request; whether the machine is still at its place afterwards."""
        match wish.fate:
            case Fate.WITHDRAWN:
                approved = RequestState.APPROVED
                self._carry_out(deed, "cancel", lambda: self._alice.decide(deed.number, "cancel"), approved)
            case Fate.LAPSED:
                registry.let_term_end(deed.number)
            case Fate.APPROVER_REVOKED:
                self._revoke(DAN.object_id, machine)
            case Fate.REQUESTER_REVOKED:
                self._revoke(EVE.object_id, machine)
            case Fate.DRIFTED:
                patch = DRIFTS[wish.drift % len(DRIFTS)]
                self._feeder.drift(machine, **patch)
                return not {"delete", "move_to_group"} & patch.keys()
        return True

    def _revoke(self, principal: UUID, machine: VirtualMachine) -> None:
        """An administrator takes the grant away, on the page that is for it."""
        grants = AccessGrant.objects.filter(principal_id=principal, scope_key=machine.resource_key)

        def once() -> None:
            for number in grants.values_list("pk", flat=True):
                self._dan.post(f"/access/{number}/delete")
            if grants.exists():
                raise UnansweredError("a grant was not taken away")

        patiently(once)


def _has_password(wish: Wish, machines: Sequence[VirtualMachine]) -> bool:
    return wish.with_secret and len(machines) == 1 and not machines[0].ephemeral


def _password(wish: Wish, machines: Sequence[VirtualMachine]) -> str:
    return canary.password_of(wish.number) if _has_password(wish, machines) else ""


def _form(wish: Wish, machines: Sequence[VirtualMachine]) -> dict[str, object]:
    form: dict[str, object] = {
        "vm": [machine.pk for machine in machines],
        "justification": f"Wish {wish.number}",
        "ticket": f"INC-{wish.number}",
    }
    prefix = f"g{machines[0].pk}"
    if _has_password(wish, machines):
        password = canary.password_of(wish.number)
        form |= {f"{prefix}-admin_password": password, f"{prefix}-admin_password_again": password}
        form[f"{prefix}-custom_data"] = canary.CUSTOM_DATA if wish.number % 2 else ""
    if wish.flips_delete_option and not machines[0].ephemeral:
        form[f"{prefix}-delete_option"] = "Detach" if machines[0].delete_option == "Delete" else "Delete"
    return form
