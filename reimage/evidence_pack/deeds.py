"""Who asked, who decided and what time decided: an event each, with the sign-in that stands behind it."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.timezone import localtime

from portal.audit.disclosure import disclosed_body
from portal.audit.models import AuditEvent
from portal.audit.telling import ToldEvent
from portal.identity.sign_ins import sign_ins_behind
from reimage import audit_actions

DECISIONS = {
    audit_actions.REQUEST_APPROVED.name,
    audit_actions.REQUEST_REJECTED.name,
    audit_actions.REQUEST_CANCELED.name,
    audit_actions.REQUEST_EXPIRED.name,
    audit_actions.OPERATION_SETTLED.name,
}


@dataclass(frozen=True)
class Deed:
    """What was done to the request as a whole, or by a person; `sign_in` is the document of theirs, if they had one.

    Of one that is not readable nothing is told but its place.
    """

    told: ToldEvent
    sign_in: Mapping[str, Any] | None = None

    @property
    def event(self) -> AuditEvent:
        """What it is made of."""
        return self.told.event

    @property
    def document(self) -> Mapping[str, Any]:
        """The event as it was sealed, with its texts."""
        return self.told.body

    @property
    def detail(self) -> Mapping[str, Any]:
        """What it says beside who, when and about what."""
        detail: Mapping[str, Any] = self.told.body["detail"]
        return detail

    @property
    def is_decision(self) -> bool:
        """Decided by a person, or by time, as a damaged one may have been. What the portal itself cancels is none."""
        action = self.event.action
        called_off = action == audit_actions.OPERATION_CANCELED.name and self.told.is_by_person
        return not self.told.is_readable or called_off or action in DECISIONS

    @property
    def signed_in_at(self) -> datetime | None:
        """When the session began in which it was done."""
        return _moment(self.sign_in["occurred_at"]) if self.sign_in else None

    @property
    def authenticated_at(self) -> datetime | None:
        """When the person last proved who they are, if Entra ID said so."""
        return _moment(self.sign_in["detail"].get("authenticated_at")) if self.sign_in else None


def _moment(text: object) -> datetime | None:
    """None for what is no time: whoever could add an event could write anything there."""
    with suppress(ValueError, OverflowError):
        return localtime(datetime.fromisoformat(text)) if isinstance(text, str) else None
    return None


def deeds_among(told: Iterable[ToldEvent]) -> list[Deed]:
    """The deeds among the events of a request, in their order; the sign-ins cost two queries."""
    kept = [one for one in told if not one.is_readable or _is_deed(one)]
    behind = sign_ins_behind(one.event for one in kept if one.is_by_person)
    sign_ins = {pk: disclosed_body(sign_in) for pk, sign_in in behind.items()}
    return [Deed(one, sign_ins.get(one.event.pk)) for one in kept]


def _is_deed(told: ToldEvent) -> bool:
    return told.is_by_person or told.event.target_kind == "reimage_request"
