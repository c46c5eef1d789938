"""From an audit event to the page of its request, or of its operation."""

import re
from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.audit.links import Link, register_link, register_tool

_SUBJECT = re.compile(r"reimage_request:([0-9]{1,18})")


def page_of(body: Mapping[str, Any]) -> Link | None:
    """The operation's page where the event names one, else the request's."""
    found = _SUBJECT.fullmatch(body.get("subject", ""))
    if not found:
        return None
    operation = body.get("detail", {}).get("operation")
    if type(operation) is int and operation > 0:  # whoever adds an event past the portal names what they like
        return Link(reverse("reimage:operation", args=[found[1], operation]), _("Every step of this operation"))
    return Link(reverse("reimage:request", args=[found[1]]), _("The request's page"))


def sample_page() -> Link:
    """Where auditors draw requests at random."""
    return Link(reverse("reimage:requests-sample"), _("Draw a sample of requests"))


register_link(page_of)
register_tool(sample_page)
