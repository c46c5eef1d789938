"""Which sign-in stands behind a recorded deed: the last one of the same person in the same session before it."""

from collections.abc import Iterable

from portal.audit.models import AuditEvent
from portal.identity import audit_actions


def sign_ins_behind(deeds: Iterable[AuditEvent]) -> dict[int, AuditEvent]:
    """The sign-in of each deed by the deed's key; a deed without a session, such as a command's, has none.

    A renewed sign-in begins a session of its own, so a session has one sign-in, and this asks once for each session.
    """
    found: dict[tuple[str, str], AuditEvent | None] = {}
    behind = {}
    for deed in deeds:
        session = (deed.actor_object_id, deed.session_reference)
        if not all(session):
            continue
        if session not in found:
            found[session] = _sign_in_of(deed)
        if sign_in := found[session]:
            behind[deed.pk] = sign_in
    return behind


def _sign_in_of(deed: AuditEvent) -> AuditEvent | None:
    of_session = AuditEvent.objects.with_texts().filter(
        action=audit_actions.SIGNED_IN.name,
        actor_object_id=deed.actor_object_id,
        actor_tenant_id=deed.actor_tenant_id,
        session_reference=deed.session_reference,
        occurred_at__lte=deed.occurred_at,
    )
    return of_session.order_by("-occurred_at", "-pk").first()
