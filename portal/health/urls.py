"""The addresses of the probes."""

from django.urls import path

from portal.health import views

urlpatterns = [
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
]
