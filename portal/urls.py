"""Every address of the portal."""

from django.urls import include, path

from portal import views
from portal.csp_reports import csp_report

urlpatterns = [
    path("", include("reimage.urls")),
    path("", include("portal.identity.urls")),
    path("", include("portal.health.urls")),
    path("audit/", include("portal.audit.urls")),
    path("theme", views.theme, name="theme"),
    path("csp-report", csp_report, name="csp-report"),
    path("healthz", views.healthz, name="healthz"),
]

handler400 = views.bad_request
handler403 = views.permission_denied
handler404 = views.page_not_found
handler500 = views.server_error
