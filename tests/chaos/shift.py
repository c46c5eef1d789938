"""One thread's people at work: they ask, decide, withdraw and revoke, whatever befalls the portal meanwhile."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from reimage.domain.request_states import RequestState
from reimage.models import AccessGrant, VirtualMachine
from tests.cast import DAN, EVE
from tests.chaos import registry
from tests.chaos.deeds import Deed
from tests.chaos.forms import form_of, given_password, password_in
from tests.chaos.people import GLANCE_SECONDS, Person, UnansweredError, patiently
from tests.chaos.script import DRIFTS, MAY_RUN, Fate, Wish

if TYPE_CHECKING:
    from tests.chaos.feeding import Feeder

TRIES = 40  # of a request for machines that are occupied, before the wish is given up


class Shift:
    """One thread's people at work on one wish after the other."""

    def __init__(self, feeder: "Feeder", people: Sequence[Person]) -> None:
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
        number = patiently(lambda: requester.draft(form_of(wish, machines)))
        if number is None:
            return None
        phrase = machines[0].name if len(machines) == 1 else f"reimage {len(machines)}"
        deed = Deed(number, wish.fate, tuple(machine.resource_key for machine in machines), password_in(wish, machines))
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

    def _carry_out(self, deed: Deed, verb: str, act: Callable[[], bool], before: RequestState) -> bool:
        """Does it once for certain: after silence, the database tells whether it was done."""

        def once() -> bool:
            if registry.state_of(deed.number) != before:
                return True
            if not act():
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
                self._give_password(deed)
            case _:
                self._feeder.hold(machine, busy=True)
                self._approve(deed, self._dan if wish.fate is Fate.APPROVER_REVOKED else self._bob)
                self._give_password(deed)
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

    def _give_password(self, deed: Deed) -> None:
        """Where the portal waits for it; who it is that asked, the database knows."""

        def once() -> None:
            awaited = registry.awaiting_password(deed.number)
            if not awaited:
                return
            requester = self._eve if registry.requester_of(deed.number) == EVE.object_id else self._alice
            form = {"operations": awaited, **given_password(deed.password)}
            requester.post(f"/requests/{deed.number}/password", **form)
            if registry.awaiting_password(deed.number):
                raise UnansweredError("a password was not taken")

        patiently(once)

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
                return not {"delete", "move_to"} & patch.keys()
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
