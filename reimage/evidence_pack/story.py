"""What the sealed events of a request say: who asked, who decided, what was planned, what was done to each machine."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from portal.audit.labels import label_of
from portal.audit.models import TEXT_LENGTH
from portal.audit.packs import Pack
from portal.audit.telling import ToldEvent, Unsound, is_whole, told_about, told_of_subject, told_within
from portal.identity.sign_ins import sign_ins_behind
from reimage import audit_actions, wording
from reimage.domain import operation_states, request_states
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.evidence_pack.deeds import Deed, deeds_among
from reimage.models import ReimageOperation, ReimageRequest
from reimage.operation_story import Attempt, attempts_of

STATES = {
    audit_actions.REQUEST_SUBMITTED.name: RequestState.PENDING_APPROVAL,
    audit_actions.REQUEST_APPROVED.name: RequestState.APPROVED,
}
# Each ends the request before anything was sent, and cancels all of its machines.
UNSENT_ENDS = {
    audit_actions.REQUEST_REJECTED.name: RequestState.REJECTED,
    audit_actions.REQUEST_CANCELED.name: RequestState.CANCELED,
    audit_actions.REQUEST_EXPIRED.name: RequestState.EXPIRED,
}
# What a machine's own row says after something was recorded of it.
BEGUN = operation_states.WORKER_STATES - {OperationState.QUEUED} | {OperationState.NEEDS_ATTENTION}
IDENTIFIERS = ("client_request_id", "azure_request_id", "operation_url", "location_url")


def sign_ins_of(reimage_request: ReimageRequest) -> set[int]:
    """The sign-ins of whoever asked, decided or settled, by their keys."""
    deeds = [told.event for told in told_about(reimage_request.audit_subject) if told.is_by_person]
    return {sign_in.pk for sign_in in sign_ins_behind(deeds).values()}


@dataclass(frozen=True)
class Story:
    """The deeds of a request in their order, and the events of each machine; `unsound` is of all events of the pack.

    Where it is not whole, an event is missing or cannot be told: then it does not say that something did not happen.
    """

    pack: Pack
    unsound: Unsound
    is_whole: bool
    deeds: Sequence[Deed]
    of_machines: Mapping[str, Sequence[ToldEvent]]

    @property
    def asked(self) -> Deed | None:
        """The submission, which has the machines and the warnings as they were shown; None where it is damaged."""
        return next(self._deeds_of({audit_actions.REQUEST_SUBMITTED.name}), None)

    @property
    def decisions(self) -> Sequence[Deed]:
        """What people decided, or time did."""
        return [deed for deed in self.deeds if deed.is_decision]

    @property
    def state(self) -> str:
        """How the request stands at the end of what is sealed, in words. Nothing changes it once it has ended."""
        if self._end:
            state = UNSENT_ENDS.get(self._end.event.action) or self._end.detail.get("outcome")
            return _state_text(state)
        last = [STATES[deed.event.action] for deed in self._deeds_of(STATES)][-1:]
        text = wording.state_text(last[0]) if last else "–"
        return text if self.is_whole else _("%(state)s, as far as its events can be read") % {"state": text}

    def end_of(self, resource_id: str) -> str:
        """What became of a machine, in words."""
        if self._end is None:
            is_open = _("The request had not ended yet.")
            return is_open if self.is_whole else _("No end of the request is among the events that can be read.")
        if self._end.event.action in UNSENT_ENDS:
            return wording.state_text(OperationState.CANCELED)
        ends = self._end.detail.get("virtual_machines")
        return _state_text(ends.get(resource_id) if isinstance(ends, Mapping) else None)

    def attempts(self, resource_id: str) -> list[Attempt]:
        """Every step that was recorded of a machine."""
        return attempts_of(self.of_machines.get(resource_id[:TEXT_LENGTH], ()))

    def is_behind(self, reimage_request: ReimageRequest) -> bool:
        """Whether the request's own row, which was read before the events, had gone on further: the last are missing.

        The row proves nothing, so it only takes back what a page would say of what did not happen.
        """
        if self.pack.waiting:
            return False  # they may be those that are not sealed yet, as the page says
        begun = {one.resource_id[:TEXT_LENGTH] for one in reimage_request.operations.all() if _has_begun(one)}
        return self._reached < _reached_by(reimage_request.state) or not begun <= self.of_machines.keys()

    @property
    def _reached(self) -> int:
        """As `_reached_by` of a row."""
        if self._end:
            return 3
        return 2 if self.of_machines else int(any(self._deeds_of({audit_actions.REQUEST_APPROVED.name})))

    @property
    def _end(self) -> Deed | None:
        return next(self._deeds_of({audit_actions.REQUEST_FINISHED.name, *UNSENT_ENDS}), None)

    def _deeds_of(self, actions: Mapping[str, object] | set[str]) -> Iterator[Deed]:
        return (deed for deed in self.deeds if deed.told.is_readable and deed.event.action in actions)


def _reached_by(state: str) -> int:
    """How far a request is: asked for, approved, something done to a machine, ended."""
    if state in request_states.TERMINAL:
        return 3
    return {RequestState.APPROVED: 1, RequestState.EXECUTING: 2}.get(RequestState(state), 0)


def _has_begun(operation: ReimageOperation) -> bool:
    return operation.state in BEGUN or operation.submitted_at is not None


def _state_text(state: object) -> str:
    """Of what the event of an end says: it may have been written by anybody, or be another version's."""
    return (
        wording.state_text(state)
        if isinstance(state, str)
        else _("Its event does not tell it in a form that is known.")
    )


def story_of(reimage_request: ReimageRequest, pack: Pack) -> Story:
    """Reads the pack's events once, before anything is sent, and holds as many as `told_within` tells.

    The request comes with its operations, as they were before anybody looked which events are sealed.
    """
    subject = reimage_request.audit_subject
    told = list(told_within((leaf.event for leaf in pack.leaves()), subject))
    own = told_of_subject(told, subject)
    of_machines = defaultdict(list)
    for one in own:
        if one.is_readable and one.event.target_kind == "virtual_machine":
            of_machines[one.event.target_id].append(one)
    story = Story(pack, Unsound.among(told), is_whole(own), deeds_among(own), of_machines)
    return replace(story, is_whole=False) if story.is_behind(reimage_request) else story


def identifiers_of(attempts: Sequence[Attempt]) -> Iterator[tuple[str, str]]:
    """Azure's ids of a machine's calls with their names, each once."""
    labels = [label_of(name) for name in IDENTIFIERS]
    facts = [fact for attempt in attempts for step in attempt.steps for fact in step.facts]
    yield from dict.fromkeys((label, value) for label, value in facts if label in labels)
