"""Addresses of the log."""

from django.urls import path

from portal.audit import download_views, views

app_name = "audit"
urlpatterns = [
    path("", views.events, name="events"),
    path("export.csv", download_views.export_csv, name="export"),
    path("export.jsonl", download_views.export_jsonl, name="export-jsonl"),
    path("verify_audit.py", download_views.verifier, name="verifier"),
    path("<uuid:event_id>/", views.event, name="event"),
    path("<uuid:event_id>/proof.jsonl", download_views.proof, name="proof"),
]
