"""Which sign-in stands behind a recorded deed: the last one of the same person in the same session before it.

Before and after are the log's own order, which is sealed: whoever writes an event past the portal chooses its time, but
not a place before what is sealed already. Who, and in which session, the events say themselves: columns find them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from portal.audit.models import AuditEvent
from portal.audit.telling import tell
from portal.identity import audit_actions

Session = tuple[str, str, str]  # the person's object id and tenant id, and the session's reference


def sign_ins_behind(deeds: Iterable[AuditEvent]) -> dict[int, AuditEvent]:
    """The sign-in of each deed by the deed's key; a deed without a session, such as a command's, has none.

    The deeds come with their leaves, and with the columns that their bodies say (`tell`). It asks once for all of
    them. A sign-in that is not sealed yet stands behind nothing that is.
    """
    in_sessions = [deed for deed in deeds if deed.actor_object_id and deed.session_reference]
    sign_ins, behind = _sign_ins_in({_session_of(deed) for deed in in_sessions}), {}
    for deed in in_sessions:
        before = [sign_in for sign_in in sign_ins.get(_session_of(deed), ()) if _order(sign_in) < _order(deed)]
        if before:
            behind[deed.pk] = max(before, key=_order)
    return behind


def _sign_ins_in(sessions: set[Session]) -> Mapping[Session, Sequence[AuditEvent]]:
    found = AuditEvent.objects.filter(
        action=audit_actions.SIGNED_IN.name,
        actor_object_id__in={person for person, _, _ in sessions},
        session_reference__in={reference for _, _, reference in sessions},
    )
    by_session = defaultdict(list)
    for told in map(tell, found.select_related("leaf").with_texts()):
        if told.is_by_person and told.event.action == audit_actions.SIGNED_IN.name:
            by_session[_session_of(told.event)].append(told.event)
    return by_session


def _session_of(event: AuditEvent) -> Session:
    return event.actor_object_id, event.actor_tenant_id, event.session_reference


def _order(event: AuditEvent) -> tuple[bool, int]:
    """As the leaves stand. What has none yet, or one at no place of the tree, comes after them, by its key: so it will
    be sealed."""
    place = event.leaf.leaf_index if hasattr(event, "leaf") else None
    return (False, place) if isinstance(place, int) and place >= 0 else (True, event.pk)
