"""An operation that a guard holds up: its worker dies while it steps back, and somebody lets it through afterwards."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from portal.audit.models import AuditEvent
from reimage.domain.operation_states import CANCELABLE
from reimage.models import Notice, NoticeKind
from reimage.services import execution
from tests.crashes.campaign import MAX_STEPS, Campaign
from tests.crashes.failpoints import Death, Failpoints, WorkerDied, at_label
from tests.crashes.promises import broken_promises
from tests.stories import let_lease_lapse, make_due, posts

GUARDS = ("gates.", "breaker.", "pausing.", "buckets.")


@dataclass(frozen=True)
class Guarded:
    """`close` is how the guard comes to hold, `lift` how a person ends that; `code` is what the operation waits for."""

    campaign: Campaign
    close: Callable[[], object]
    lift: Callable[[], object]
    code: str

    def points(self) -> list[str]:
        """What of the way until it is held belongs to the guard; the rest is for the other campaigns."""
        with self.campaign.from_the_start():
            self.close()
            points = Failpoints()
            self._until_held(points)
            return [point for point in points.reached if any(guard in point for guard in GUARDS)]

    def dies_everywhere(self) -> dict[str, list[str]]:
        """At each of its points, once and twice: what was broken, by the points of death."""
        found = {}
        for point in self.points():
            for deaths in ((at_label(point),), (at_label(point), at_label(point))):
                if broken := self._run(*deaths):
                    found[f"{point}, {len(deaths)} times"] = broken
        return found

    def _run(self, *deaths: Death) -> list[str]:
        with self.campaign.from_the_start():
            self.close()
            died = sum(self._dies(death) for death in deaths)
            self._until_held(Failpoints())
            broken = [] if died else ["nobody died"]
            broken += self._not_held()
            told = self._told()
            self.lift()
            self.campaign.live(Failpoints())
            return [*broken, *told, *broken_promises(self.campaign.operation, self.campaign.sandbox)]

    def _dies(self, death: Death) -> bool:
        """The second time it may not come by any more: what the guard had to do was done before the first death."""
        try:
            self._until_held(Failpoints(death))
        except WorkerDied:
            let_lease_lapse(self.campaign.operation)
            return True
        return False

    def _until_held(self, points: Failpoints) -> None:
        operation = self.campaign.operation
        for _ in range(MAX_STEPS):
            make_due(operation)
            with points.watching():
                execution.advance_operation(operation.pk)
            operation.refresh_from_db()
            if operation.note.get("code") == self.code and operation.lease_until is None:
                return
        raise AssertionError(f"{self.code} never held it: {operation.state} {operation.note}")

    def _not_held(self) -> Iterator[str]:
        operation = self.campaign.operation
        if sent := posts(self.campaign.sandbox):
            yield f"{len(sent)} POSTs passed the guard"
        if operation.state not in CANCELABLE or operation.next_at is None:
            yield f"it waits as {operation.state}, due {operation.next_at}"

    def _told(self) -> list[str]:
        """A breaker that trips says so once, to the log and to the administrators, whoever died meanwhile."""
        expected = int(self.code == "breaker_tripped")
        counts = {
            "events": AuditEvent.objects.filter(action="breaker.tripped").count(),
            "notices": Notice.objects.filter(kind=NoticeKind.EXECUTION_ALARM).count(),
        }
        return [f"{count} {what} of the breaker" for what, count in counts.items() if count != expected]
