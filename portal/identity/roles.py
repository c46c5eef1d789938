"""Which app roles a deed needs. The one place that says so to whoever lacks it."""

from django.utils.translation import gettext as _

from portal.errors import NotAllowed
from portal.identity.models import User


def require_administrator(user: User) -> None:
    """Raises NotAllowed, naming the role, for anybody else."""
    if not user.is_administrator:
        raise NotAllowed(
            _("This needs the app role Reimage.Administrator, which you do not have."),
            _("Ask an administrator of your tenant to assign it to you, then sign in again."),
        )


def require_overseer(user: User) -> None:
    """Raises NotAllowed, naming the roles, for whoever neither administers nor audits."""
    if not (user.is_administrator or user.is_auditor):
        raise NotAllowed(
            _("This needs the app role Reimage.Administrator or Reimage.Auditor, neither of which you have."),
            _("Ask an administrator of your tenant to assign one to you, then sign in again."),
        )
