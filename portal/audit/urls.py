"""Addresses of the log."""

from django.urls import path

from portal.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.events, name="events"),
    path("export.csv", views.export, name="export"),
    path("<uuid:event_id>/", views.event, name="event"),
    path("<uuid:event_id>/proof.jsonl", views.proof, name="proof"),
]
