"""What every page shows: where this person may go, what waits for them there, and what holds execution up."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from reimage import execution_selectors, selectors, wording
from reimage.models import ExecutionPause


@dataclass(frozen=True)
class NavigationItem:
    """One entry. `count` is how much waits there."""

    url: str
    label: str
    is_here: bool
    count: int = 0


def navigation(request: HttpRequest) -> dict[str, object]:
    """Found out when a template draws it: a fragment, which has no navigation, costs no query."""
    return {"navigation": SimpleLazyObject(lambda: _items(request))}


@dataclass(frozen=True)
class ExecutionBanner:
    """Everybody is told of a pause; only administrators, who can mend it, of what else holds execution up."""

    pause: ExecutionPause | None
    alarms: list[str]
    may_mend: bool


def execution_banner(request: HttpRequest) -> dict[str, object]:
    """As lazy as the navigation."""
    return {"execution_banner": SimpleLazyObject(lambda: _banner(request))}


def _banner(request: HttpRequest) -> ExecutionBanner | None:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    alarms = execution_selectors.alarms() if user.is_administrator else []
    texts = [wording.alarm_text(alarm.kind, alarm.params) for alarm in alarms]
    return ExecutionBanner(execution_selectors.current_pause(), texts, user.is_administrator)


def _items(request: HttpRequest) -> list[NavigationItem]:
    user = getattr(request, "user", None)  # absent where a request is refused before it is known whose it is
    if user is None or not user.is_authenticated:
        return []
    waiting = selectors.reimage_requests_awaiting(user).count()
    places = [
        ("reimage:my-work", _("My work"), 0),
        ("reimage:machines", _("Machines"), 0),
        ("reimage:requests", _("Requests"), 0),
        ("reimage:approvals", _("Approvals"), waiting),
    ]
    if user.is_auditor:
        places.append(("audit:events", _("Audit"), 0))
    if user.is_auditor or user.is_administrator:
        unsettled = execution_selectors.operations_needing_attention().count()
        places.append(("reimage:attention", _("Needs attention"), unsettled))
    if user.is_administrator:
        places.append(("reimage:access", _("Access"), 0))
        places.append(("reimage:execution", _("Execution"), 0))
    return [_item(request, reverse(route), label, count) for route, label, count in places]


def _item(request: HttpRequest, url: str, label: str, count: int) -> NavigationItem:
    is_here = request.path == url or (url != "/" and request.path.startswith(url))
    return NavigationItem(url, label, is_here, count)
