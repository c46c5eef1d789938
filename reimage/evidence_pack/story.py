"""What the sealed events of a request say: who asked, who decided, what was planned, what was done to each machine."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from portal.audit.labels import label_of
from portal.audit.models import TEXT_LENGTH, AuditEvent
from portal.audit.packs import Pack
from portal.audit.telling import ToldEvent, Unsound, is_whole, tell, told_of_subject
from portal.identity.sign_ins import sign_ins_behind
from reimage import audit_actions, wording
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.evidence_pack.deeds import Deed, deeds_among
from reimage.models import ReimageRequest
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
IDENTIFIERS = ("client_request_id", "azure_request_id", "operation_url", "location_url")


def sign_ins_of(reimage_request: ReimageRequest) -> set[int]:
    """The sign-ins of whoever asked, decided or settled, by their keys."""
    subject = reimage_request.audit_subject
    found = AuditEvent.objects.filter(subject=subject).select_related("leaf").with_texts().defer("search_text")
    deeds = [told.event for told in told_of_subject(map(tell, found), subject) if told.is_by_person]
    return {sign_in.pk for sign_in in sign_ins_behind(deeds).values()}


@dataclass(frozen=True)
class Story:
    """The deeds of a request in their order, and the events of each machine; `unsound` is of all events of the pack.

    Where it is not whole, an event is missing or cannot be read: then it does not say that something did not happen.
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

    @property
    def _end(self) -> Deed | None:
        return next(self._deeds_of({audit_actions.REQUEST_FINISHED.name, *UNSENT_ENDS}), None)

    def _deeds_of(self, actions: Mapping[str, object] | set[str]) -> Iterator[Deed]:
        return (deed for deed in self.deeds if deed.told.is_readable and deed.event.action in actions)


def _state_text(state: object) -> str:
    """Of what the event of an end says: it may have been written by anybody, or be another version's."""
    return (
        wording.state_text(state)
        if isinstance(state, str)
        else _("Its event does not tell it in a form that is known.")
    )


def story_of(reimage_request: ReimageRequest, pack: Pack) -> Story:
    """Reads the pack's events once, before anything is sent: a request has a few hundred at most."""
    told = [tell(leaf.event) for leaf in pack.leaves()]
    own = told_of_subject(told, reimage_request.audit_subject)
    of_machines = defaultdict(list)
    for one in own:
        if one.is_readable and one.event.target_kind == "virtual_machine":
            of_machines[one.event.target_id].append(one)
    return Story(pack, Unsound.among(told), is_whole(own), deeds_among(own), of_machines)


def identifiers_of(attempts: Sequence[Attempt]) -> Iterator[tuple[str, str]]:
    """Azure's ids of a machine's calls with their names, each once."""
    labels = [label_of(name) for name in IDENTIFIERS]
    facts = [fact for attempt in attempts for step in attempt.steps for fact in step.facts]
    yield from dict.fromkeys((label, value) for label, value in facts if label in labels)
