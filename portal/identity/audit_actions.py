"""What the audit log records of sign-ins."""

from django.utils.translation import gettext_lazy as _

from portal.audit.catalogue import AuditAction, register
from portal.audit.labels import register_labels

SIGNED_IN = AuditAction("session.signed_in", _("Signed in"))
SIGNED_OUT = AuditAction("session.signed_out", _("Signed out"))
EXPIRED = AuditAction("session.expired", _("Session ended by its time limit"))
ENDED = AuditAction("session.ended", _("Sessions ended"))
REFUSED = AuditAction("session.refused", _("Sign-in refused"))

register(SIGNED_IN, SIGNED_OUT, EXPIRED, ENDED, REFUSED)
register_labels(
    app_roles=_("App roles"),
    authenticated_at=_("Last proof of identity"),
    evidence=_("Evidence"),
    group_ids=_("Groups"),
    groups_are_complete=_("All groups are known"),
    reason=_("Reason"),
    session_references=_("References of the sessions"),
    sessions=_("Sessions"),
)
