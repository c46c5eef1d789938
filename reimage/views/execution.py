"""What holds execution up, and what an administrator does about it: pause, resume, let reimages through."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.identity.decorators import grave, routine
from portal.identity.requests import PersonRequest
from portal.identity.roles import require_administrator
from reimage import execution_selectors, wording
from reimage.execution_forms import PauseForm, ReleaseForm
from reimage.models import ReimageBreaker
from reimage.services import breaker, pausing


@require_safe
def execution(request: PersonRequest) -> HttpResponse:
    """How the switch stands, which breakers tripped, and the alarms."""
    require_administrator(request.user)
    return _page(request, PauseForm())


@routine  # it only stops
@require_POST
def pause(request: PersonRequest) -> HttpResponse:
    """Stops whatever was not sent yet; the page asks for a reason where there is none."""
    require_administrator(request.user)
    form = PauseForm(request.POST)
    if not form.is_valid():
        if execution_selectors.current_pause():
            raise pausing.already_paused()
        return _page(request, form, status=422)
    pausing.pause_execution(administrator=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, _("Paused. Nothing is sent to Azure until somebody resumes execution."))
    return redirect("reimage:execution")


@require_POST
def resume(request: PersonRequest) -> HttpResponse:
    """Lets execution go on."""
    pausing.resume_execution(administrator=request.user)
    messages.success(request, _("Resumed. What waited goes on now."))
    return redirect("reimage:execution")


@grave("reimages")
@require_POST
def release(request: PersonRequest, subscription_id: UUID) -> HttpResponse:
    """Lets a number of a subscription's reimages through."""
    require_administrator(request.user)
    form = ReleaseForm(request.POST, auto_id=f"release-{subscription_id}-%s")
    if not form.is_valid():
        if not execution_selectors.tripped_breakers().filter(subscription_id=str(subscription_id)).exists():
            raise breaker.not_tripped(str(subscription_id))
        return _page(request, PauseForm(), released={str(subscription_id): form}, status=422)
    breaker.release_breaker(
        administrator=request.user,
        subscription_id=str(subscription_id),
        reimages=form.cleaned_data["reimages"],
    )
    messages.success(request, _("Let through. They go on now."))
    return redirect("reimage:execution")


def _page(
    request: PersonRequest, pause_form: PauseForm, *, released: dict[str, ReleaseForm] | None = None, status: int = 200
) -> HttpResponse:
    held_back = []
    for tripped in execution_selectors.tripped_breakers():
        waiting = execution_selectors.waiting_behind(tripped)
        form = (released or {}).get(tripped.subscription_id) or _release_form(tripped, waiting)
        held_back.append((tripped, waiting, form))
    codes = [code for found in execution_selectors.NOTES.values() for code in found]
    waiting_by_note = execution_selectors.waiting_by_note([*codes, execution_selectors.PAUSED])
    raised = [alarm for alarm in execution_selectors.alarms() if alarm.kind != execution_selectors.BREAKER_TRIPPED]
    context = {
        "pause": execution_selectors.current_pause(),
        "pause_form": pause_form,
        "held_back": held_back,
        "limit": breaker.limit(),
        "alarms": [(wording.alarm_text(alarm.kind, alarm.params), alarm.since) for alarm in raised],
        "waiting_for_pause": waiting_by_note.get(execution_selectors.PAUSED, 0),
    }
    return render(request, "reimage/execution.html", context, status=status)


def _release_form(tripped: ReimageBreaker, waiting: int) -> ReleaseForm:
    initial = {"reimages": max(1, min(waiting, breaker.MOST_AT_ONCE))}
    return ReleaseForm(initial=initial, auto_id=f"release-{tripped.subscription_id}-%s")
