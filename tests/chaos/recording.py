"""A small campaign within one process, against a real sandbox: true evidence of every fate, for the judge's own test.

Services, gathering and sandbox are the real ones; only the harm was arranged. No clock is moved.
"""

import time
from datetime import timedelta

from django.utils import timezone

from portal.audit.actors import Actor
from portal.identity.models import User
from reimage.domain.operation_states import WORKER_STATES, OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.domain.plan import DeleteOptionChange
from reimage.models import AccessGrant, GrantRole, PrincipalKind, ReimageOperation, ReimageRequest, VirtualMachine
from reimage.services.decision import cancel_reimage_request as cancel
from reimage.services.decision import expire_reimage_requests
from reimage.services.decision import reject_reimage_request as reject
from reimage.services.grants import create_grant
from tests import stories
from tests.audit.sealing.logs import SealedLog
from tests.cast import ALICE
from tests.chaos.deeds import Deed
from tests.chaos.evidence import Evidence, Harm, Step
from tests.chaos.gathering import gather
from tests.chaos.registry import let_term_end
from tests.chaos.script import MAY_RUN, Fate
from tests.crashes.failpoints import Failpoints, WorkerDied, at_label, never
from tests.sandbox_process import PRODUCTION, SandboxProcess

PASSWORD = "Correct-Horse-7"
LIMIT_SECONDS = 30
QUARANTINE = timedelta(hours=1)  # over at once
FAULTS: tuple[tuple[str, dict[str, int]], ...] = (
    ("status", {"status": 429, "retry_after": 1}),
    ("operation_failed", {}),
    ("accepted_then_lost", {}),
    ("reset_before", {}),
    ("foreign_operation_host", {}),
)


class Recorder:
    """Alice asks, Bob decides, a worker works, step by step; everything they do is written down beside the portal."""

    def __init__(self, sandbox: SandboxProcess, log: SealedLog, alice: User, bob: User) -> None:
        self._sandbox, self._log, self._alice, self._bob = sandbox, log, alice, bob
        self._deeds: list[Deed] = []
        self._steps: list[Step] = []
        self._harms: list[Harm] = []
        create_grant(
            actor=Actor.system("test"),
            principal_kind=PrincipalKind.USER,
            principal_id=ALICE.object_id,
            role=GrantRole.REQUESTER,
            scope=f"/subscriptions/{PRODUCTION}",
        )
        # With a disk that is replaced, so that there is evidence to be spoiled.
        kept = VirtualMachine.objects.filter(subscription_id=PRODUCTION, ephemeral=False).exclude(name="web-02")
        self._spare = list(kept.order_by("name").values_list("name", flat=True))

    def record(self) -> Evidence:
        """One of each fate."""
        self._runs()
        self._faults()
        self._people_say_no()
        self._stopped()
        self._seal()
        evidence = gather(self._sandbox, self._log.anchor_file, self._deeds)
        evidence.steps, evidence.harms = self._steps, self._harms
        return evidence

    def _seal(self) -> None:
        self._log.seal()
        self._log.anchor()

    def _runs(self) -> None:
        self._to_the_end(self._approved("web-01"))  # ephemeral
        self._seal()  # several anchors, as in service
        self._to_the_end(self._approved("web-02", password=PASSWORD))
        self._to_the_end(self._approved(self._spare.pop(), change=DeleteOptionChange.DETACH))
        again = self._approved(self._spare[-1], self._spare.pop(-2))
        self._to_the_end(again)
        self._to_the_end(self._approved(self._spare.pop()))  # one of them once more

    def _faults(self) -> None:
        """Refused and tried again; failed at Azure; the answer lost, after and before; a foreign address; a death."""
        for fault, options in FAULTS:
            deed = self._approved(self._spare.pop())
            self._sandbox.faults(fault, match={"verb": "POST", "path_contains": "/reimage"}, **options)
            self._to_the_end(deed)
        self._to_the_end(self._approved(self._spare.pop()), dies_at="before POST reimage by reimaging.submit")

    def _people_say_no(self) -> None:
        name = self._spare[-1]
        rejected = self._asked(Fate.REJECTED, name)
        reject(approver=self._bob, reimage_request_id=rejected.number, comment="No.", now=timezone.now())
        rejected.acknowledged.add("reject")
        for fate in (Fate.CANCELED, Fate.WITHDRAWN):
            deed = self._asked(fate, name)
            if fate is Fate.WITHDRAWN:
                self._approve(deed)
            cancel(requester=self._alice, reimage_request_id=deed.number, now=timezone.now())
            deed.acknowledged.add("cancel")
            deed.stopped_at = time.time()
        let_term_end(self._asked(Fate.UNDECIDED, name).number)
        expire_reimage_requests(now=timezone.now())

    def _stopped(self) -> None:
        """Approved, and then something changed."""
        for fate, spoil in (
            (Fate.LAPSED, lambda deed, _name: let_term_end(deed.number)),
            (
                Fate.DRIFTED,
                lambda _deed, name: self._sandbox.drift(name, group=self._group(name), replace_os_disk=True),
            ),
            (Fate.REQUESTER_REVOKED, lambda _deed, _name: AccessGrant.objects.filter(role="requester").delete()),
        ):
            name = self._spare[-1]
            deed = self._approved(name, fate=fate)
            spoil(deed, name)
            deed.stopped_at = time.time()
            self._to_the_end(deed)

    @staticmethod
    def _group(name: str) -> str:
        return VirtualMachine.objects.get(name=name, subscription_id=PRODUCTION).resource_group

    def _asked(
        self, fate: Fate, *names: str, password: str = "", change: DeleteOptionChange = DeleteOptionChange.KEEP
    ) -> Deed:
        parameters = ReimageParameters(admin_password=password or None)
        asked = stories.request_reimage(self._alice, *names, parameters=parameters, change=change)
        machines = tuple(asked.operations.values_list("resource_key", flat=True))
        deed = Deed(asked.pk, fate, machines, password, {"sent"})
        if fate not in MAY_RUN:
            deed.stopped_at = time.time()
        self._deeds.append(deed)
        return deed

    def _approve(self, deed: Deed) -> None:
        stories.approve(self._bob, ReimageRequest.objects.get(pk=deed.number))
        deed.acknowledged.add("approve")

    def _approved(
        self,
        *names: str,
        fate: Fate = Fate.RUN,
        password: str = "",
        change: DeleteOptionChange = DeleteOptionChange.KEEP,
    ) -> Deed:
        deed = self._asked(fate, *names, password=password, change=change)
        self._approve(deed)
        return deed

    def _to_the_end(self, deed: Deed, *, dies_at: str = "") -> None:
        """A worker's steps until none is left to take; bounded."""
        deadline = time.monotonic() + LIMIT_SECONDS
        points = Failpoints(at_label(dies_at)) if dies_at else Failpoints()
        waiting = ReimageOperation.objects.filter(reimage_request=deed.number, state__in=WORKER_STATES)
        while operations := list(waiting.all()):
            assert time.monotonic() < deadline, [(one.state, one.note) for one in operations]
            for operation in operations:
                self._step(operation, points)

    def _step(self, operation: ReimageOperation, points: Failpoints) -> None:
        life, began = f"worker{len(self._harms)}", time.time()
        if self._is_quiet(operation):
            stories.age(operation, QUARANTINE)
        try:
            with points.watching():
                stories.advance(operation)
            self._steps.append(Step(life, operation.pk, began, time.time()))
        except WorkerDied:
            points.death = never
            self._steps.append(Step(life, operation.pk, began, None))
            self._harms.append(Harm(time.time(), "killed", life))
            stories.let_lease_lapse(operation)

    def _is_quiet(self, operation: ReimageOperation) -> bool:
        """Whether nothing runs any more at Azure: then waiting for evidence could go on for as long as it likes."""
        running = self._sandbox.control("GET", "operations")
        return operation.state == OperationState.OUTCOME_UNKNOWN and all(one["ended_at"] for one in running)
