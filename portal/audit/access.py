"""Who may read the log: auditors, and nobody else. A refusal says which role is missing."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from portal.errors import NotAllowed
from portal.identity.models import AppRole, User

P = ParamSpec("P")


class AuditorRequest(HttpRequest):
    """A request by an auditor."""

    user: User
    htmx: HtmxDetails


def auditors_only(
    view: Callable[Concatenate[AuditorRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Lets a view be reached by auditors alone; raises NotAllowed for anybody else."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not (request.user.is_authenticated and request.user.is_auditor):
            raise NotAllowed(
                _("The audit log is for people with the app role %(role)s.") % {"role": AppRole.AUDITOR.value},
                _("Ask whoever assigns the portal's app roles in Microsoft Entra ID, then sign in again."),
            )
        return view(cast(AuditorRequest, request), *args, **kwargs)

    return guarded
