"""The sessions that are open: one's own for everybody, everybody's for administrators."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from portal.identity import open_sessions
from portal.identity.decorators import grave
from portal.identity.requests import PersonRequest

PAGE_SIZE = 50


@require_safe
def own_sessions(request: PersonRequest) -> HttpResponse:
    """Where one is signed in."""
    found = open_sessions.open_sessions_of(request.user, this_key=request.session.session_key, now=timezone.now())
    return render(request, "identity/sessions.html", {"sessions": found})


@grave("session")
@require_POST
def end_own_sessions(request: PersonRequest) -> HttpResponse:
    """Ends the session whose reference is in `session`, or without one all but this."""
    number = open_sessions.end_other_sessions(
        user=request.user, this_key=request.session.session_key, reference=request.POST.get("session", "")
    )
    _tell(request, number)
    return redirect("identity:sessions")


@require_safe
def people_signed_in(request: PersonRequest) -> HttpResponse:
    """Who is signed in, for administrators."""
    people = open_sessions.people_signed_in(administrator=request.user)
    page = Paginator(people, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "identity/people_signed_in.html", {"page": page})


@grave()
@require_POST
def end_sessions_of(request: PersonRequest, user_id: int) -> HttpResponse:
    """Signs somebody out everywhere."""
    _tell(request, open_sessions.end_sessions_of(administrator=request.user, user_id=user_id))
    return redirect("identity:people-signed-in")


def _tell(request: PersonRequest, number: int) -> None:
    text = ngettext("%(number)s session was ended.", "%(number)s sessions were ended.", number) % {"number": number}
    messages.success(request, text)
