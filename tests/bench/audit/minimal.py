"""The least that a list page can be in Django: 50 rows by key, a table, and the portal's own middleware."""

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path

from portal.audit.models import AuditEvent

TEMPLATE = engines["django"].from_string("""<!DOCTYPE html>
<html lang="en"><title>Events</title><table>
{% for event in events %}<tr><td>{{ event.event_id }}</td><td>{{ event.occurred_at }}</td><td>{{ event.action }}</td>
<td>{{ event.target_label }}</td><td>{{ event.outcome }}</td></tr>{% endfor %}
</table></html>""")


def newest(request: HttpRequest) -> HttpResponse:
    """No filter, no search, no place to go on from, nobody's language."""
    events = AuditEvent.objects.order_by("-pk").defer("body", "search_text")[:50]
    return HttpResponse(TEMPLATE.render({"events": events}, request))


urlpatterns = [path("minimal/", newest), path("", include("portal.urls"))]
