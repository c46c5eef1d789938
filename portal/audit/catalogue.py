"""The closed list of what can be recorded. Each capability registers its own actions when it is loaded."""

import re
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# noun.past_participle, for example reimage_request.submitted, user.signed_in, mail.sent, operation.begun
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\.[a-z]*(d|n|t|ne)(_[a-z0-9]+)*")


class CatalogueError(Exception):
    """An action is named wrongly, registered twice, or not at all."""


@dataclass(frozen=True)
class AuditAction:
    """Something that can happen: a stable name, and a label for people."""

    name: str
    label: str | Promise

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise CatalogueError(
                f"{self.name!r} is not an action's name: write noun.past_participle, like reimage_request.submitted."
            )

    def __str__(self) -> str:
        return str(self.label)


_actions: dict[str, AuditAction] = {}


def register(*actions: AuditAction) -> None:
    """Adds actions to the catalogue; a name that is already taken is an error."""
    for action in actions:
        if action.name in _actions:
            raise CatalogueError(f"The action {action.name} is registered already: choose another name.")
        _actions[action.name] = action


def all_actions() -> tuple[AuditAction, ...]:
    """Every registered action, by name."""
    return tuple(_actions[name] for name in sorted(_actions))


def get(name: str) -> AuditAction:
    """The action of that name; raises CatalogueError if there is none."""
    try:
        return _actions[name]
    except KeyError as err:
        raise CatalogueError(f"No action is named {name!r}: register it with portal.audit.catalogue.register.") from err


def is_registered(name: str) -> bool:
    """Whether this version of the portal knows the action."""
    return name in _actions


def label_of(name: str) -> str:
    """The label of an action, or its bare name where an older version of the portal recorded it."""
    return str(_actions[name].label) if name in _actions else name


AUDIT_LOG_EXPORTED = AuditAction("audit_log.exported", _("Audit log exported"))
EVIDENCE_PACK_TAKEN = AuditAction("evidence_pack.taken", _("Evidence pack taken"))
AUDIT_KEY_REPLACED = AuditAction("audit_key.replaced", _("Signing key of the audit log replaced"))
ACCESS_REFUSED = AuditAction("access.refused", _("Access refused"))
AUDIT_REDACTED = AuditAction("audit.redacted", _("Personal texts of an event redacted"))

register(AUDIT_LOG_EXPORTED, EVIDENCE_PACK_TAKEN, AUDIT_KEY_REPLACED, ACCESS_REFUSED, AUDIT_REDACTED)
