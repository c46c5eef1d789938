"""What the sealed events of a request say: who asked, who decided, what was planned, what was done to each machine."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from portal.audit.disclosure import disclosed_body
from portal.audit.labels import label_of
from portal.audit.models import TEXT_LENGTH, AuditEvent, AuditEventQuerySet
from portal.audit.packs import Pack
from portal.identity.sign_ins import sign_ins_behind
from reimage import audit_actions, wording
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.models import ReimageRequest
from reimage.operation_story import Attempt, attempts_of

STATES = {
    audit_actions.REQUEST_SUBMITTED.name: RequestState.PENDING_APPROVAL,
    audit_actions.REQUEST_APPROVED.name: RequestState.APPROVED,
    audit_actions.REQUEST_REJECTED.name: RequestState.REJECTED,
    audit_actions.REQUEST_CANCELED.name: RequestState.CANCELED,
    audit_actions.REQUEST_EXPIRED.name: RequestState.EXPIRED,
}
DECISIONS = {
    audit_actions.REQUEST_APPROVED.name,
    audit_actions.REQUEST_REJECTED.name,
    audit_actions.REQUEST_CANCELED.name,
    audit_actions.REQUEST_EXPIRED.name,
    audit_actions.OPERATION_SETTLED.name,
}
# Each ends the request before anything was sent, and cancels all of its machines.
UNSENT_ENDS = DECISIONS - {audit_actions.REQUEST_APPROVED.name, audit_actions.OPERATION_SETTLED.name}
IDENTIFIERS = ("client_request_id", "azure_request_id", "operation_url", "location_url")


def events_of(reimage_request: ReimageRequest) -> AuditEventQuerySet:
    """Everything that was recorded of the request."""
    return AuditEvent.objects.filter(subject=reimage_request.audit_subject)


def sign_ins_of(reimage_request: ReimageRequest) -> set[int]:
    """The sign-ins of whoever asked, decided or settled, by their keys."""
    deeds = events_of(reimage_request).filter(actor_kind="person").select_related("leaf")
    return {sign_in.pk for sign_in in sign_ins_behind(deeds).values()}


@dataclass(frozen=True)
class Deed:
    """What was done to the request as a whole, or by a person; `sign_in` is the document of theirs, if they had one."""

    event: AuditEvent
    document: Mapping[str, Any]
    sign_in: Mapping[str, Any] | None

    @property
    def detail(self) -> Mapping[str, Any]:
        """What it says beside who, when and about what."""
        detail: Mapping[str, Any] = self.document["detail"]
        return detail

    @property
    def signed_in_at(self) -> datetime | None:
        """When the session began in which it was done."""
        return datetime.fromisoformat(self.sign_in["occurred_at"]) if self.sign_in else None

    @property
    def authenticated_at(self) -> datetime | None:
        """When the person last proved who they are, if Entra ID said so."""
        return _moment(self.sign_in["detail"].get("authenticated_at")) if self.sign_in else None


def _moment(text: object) -> datetime | None:
    """None for what is no time: whoever could add an event could write anything there."""
    with suppress(ValueError):
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    return None


@dataclass(frozen=True)
class Story:
    """The deeds of a request in their order, the submission first."""

    pack: Pack
    subject: str
    deeds: Sequence[Deed]

    @property
    def asked(self) -> Deed:
        """The submission, which has the machines and the warnings as they were shown."""
        return self.deeds[0]

    @property
    def decisions(self) -> Sequence[Deed]:
        """What people decided, or time did, after it."""
        return [deed for deed in self.deeds if deed.event.action in DECISIONS]

    @property
    def state(self) -> str:
        """How the request stands at the end of what is sealed, in words; empty where that event is damaged."""
        last = [deed for deed in self.deeds if deed.event.target_kind == "reimage_request"][-1]
        state = STATES.get(last.event.action) or last.detail.get("outcome")
        return wording.state_text(state) if state else ""

    def end_of(self, resource_id: str) -> str:
        """What became of a machine, in words; empty while the request has not ended."""
        for deed in self.deeds:
            if deed.event.action == audit_actions.REQUEST_FINISHED.name:
                ends = deed.detail.get("virtual_machines")
                state = ends.get(resource_id) if isinstance(ends, Mapping) else None
                return wording.state_text(state) if state else ""
            if deed.event.action in UNSENT_ENDS:
                return wording.state_text(OperationState.CANCELED)
        return ""

    def attempts(self, resource_id: str) -> list[Attempt]:
        """Every step that was recorded of a machine."""
        events = AuditEvent.objects.filter(subject=self.subject, target_id=resource_id[:TEXT_LENGTH])
        events = events.sealed_within(self.pack.tree_size)
        return attempts_of(events.with_texts().defer("search_text").order_by("sequence"))


def story_of(reimage_request: ReimageRequest, pack: Pack) -> Story:
    """Reads the deeds; the machines' steps are read when they are told, a machine at a time."""
    about = Q(target_kind="reimage_request") | Q(actor_kind="person")
    within = events_of(reimage_request).filter(about).sealed_within(pack.tree_size)
    found = list(within.select_related("leaf").with_texts().order_by("sequence"))
    documents = [disclosed_body(event) for event in found]  # first: then the events say what their bodies do
    sign_ins = {pk: disclosed_body(sign_in) for pk, sign_in in sign_ins_behind(found).items()}
    told = zip(found, documents, strict=True)
    deeds = [Deed(event, document, sign_ins.get(event.pk)) for event, document in told]
    return Story(pack, reimage_request.audit_subject, deeds)


def identifiers_of(attempts: Sequence[Attempt]) -> Iterator[tuple[str, str]]:
    """Azure's ids of a machine's calls with their names, each once."""
    labels = [label_of(name) for name in IDENTIFIERS]
    facts = [fact for attempt in attempts for step in attempt.steps for fact in step.facts]
    yield from dict.fromkeys((label, value) for label, value in facts if label in labels)
