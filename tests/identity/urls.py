"""The identity room's own addresses, and the smallest pages that need, or do not need, somebody signed in."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path
from django.utils import timezone

from portal.identity.decorators import grave, passive, routine


def home(request: HttpRequest) -> HttpResponse:
    request.session.get("anything")
    return render(request, "home.html", {"zone": timezone.get_current_timezone_name()})


@passive
def progress(request: HttpRequest) -> HttpResponse:
    return HttpResponse("still running")


@login_not_required
def public(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"signed in: {request.user.is_authenticated}")


@grave("words", "tick")
def deed(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"done: {request.POST.getlist('words')}")


def unmarked(request: HttpRequest) -> HttpResponse:
    return HttpResponse("done")


@routine
def stop(request: HttpRequest) -> HttpResponse:
    return HttpResponse("stopped")


urlpatterns = [
    path("", home, name="home"),
    path("machines", home),
    path("progress", progress),
    path("public", public),
    path("deed", deed),
    path("unmarked", unmarked),
    path("stop", stop),
    path("", include("portal.identity.urls")),
]
