"""Addresses of sign-in and personal settings. `callback` and `signed-out` are redirect URIs registered at Entra ID."""

from django.urls import path

from portal.identity import preference_views, session_views, views

app_name = "identity"
urlpatterns = [
    path("sign-in", views.sign_in, name="sign-in"),
    path("sign-in/callback", views.callback, name="callback"),
    path("sign-in/again", views.sign_in_again, name="sign-in-again"),
    path("sign-in/resume", views.resume, name="resume"),
    path("sign-out", views.sign_out, name="sign-out"),
    path("signed-out", views.signed_out, name="signed-out"),
    path("settings/sessions", session_views.own_sessions, name="sessions"),
    path("settings/sessions/end", session_views.end_own_sessions, name="sessions-end"),
    path("sessions/", session_views.people_signed_in, name="people-signed-in"),
    path("sessions/<int:user_id>/end", session_views.end_sessions_of, name="person-sessions-end"),
    path("settings/language", preference_views.language, name="language"),
    path("settings/time-zone", preference_views.time_zone, name="time-zone"),
]
