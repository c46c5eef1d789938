"""The plan in words before it is sent, and the confirmation."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.errors import Unavailable, WrongState
from portal.identity.decorators import grave, limited
from portal.identity.requests import PersonRequest
from reimage import selectors, wording
from reimage.copied_settings import form_address
from reimage.forms import ConfirmForm, finding_texts
from reimage.models import ReimageRequest
from reimage.plan_view import fates_of, plan_views
from reimage.services import submission
from reimage.services.clock import database_now
from reimage.services.errors import AlreadySubmitted, InvalidReimageRequest
from reimage.views.request_context import MOST_OPEN_PLANS, held_texts


@grave("confirmation", "accepts_disk_deletion", "language")
@limited("submission")
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: PersonRequest, reimage_request_id: int) -> HttpResponse:
    """GET shows the draft's plan; POST sends it. Sending the same form twice leads to the one request."""
    try:
        draft = submission.own_draft(request.user, reimage_request_id)
    except AlreadySubmitted as err:
        return to_the_first(request, err)
    phrase, destroys_a_disk = submission.confirmation_phrase(draft), submission.destroys_a_disk(draft)
    posted = request.POST if request.method == "POST" else None
    form = ConfirmForm(posted, phrase=phrase, destroys_a_disk=destroys_a_disk)
    findings: list[str] = []
    unavailable: Unavailable | None = None
    if request.method == "POST" and form.is_valid():
        try:
            submission.submit_reimage_request(
                requester=request.user,
                reimage_request_id=draft.pk,
                language=_language_of(request),
                now=database_now(),
                **form.cleaned_data,
            )
        except InvalidReimageRequest as err:
            findings = _placed(form, err)
        except Unavailable as err:
            unavailable = err
        except AlreadySubmitted as err:
            return to_the_first(request, err)
        except WrongState as err:
            err.way_on = form_address(draft, list(draft.operations.all()))
            err.way_on_label = _("Change the settings")
            raise
        else:
            messages.success(request, _("The request was sent to the approvers."))
            return redirect("reimage:request", draft.pk)
    context = {
        **_draft_context(draft),
        "page_url": request.path,
        "form": form,
        "findings": findings,
        "unavailable": unavailable,
        "phrase": phrase,
        "destroys_a_disk": destroys_a_disk,
    }
    status = unavailable.status if unavailable else 422 if request.method == "POST" else 200
    return render(request, "reimage/review.html", context, status=status)


def _language_of(request: PersonRequest) -> str:
    """The one that the page of the form was in: it may have been changed elsewhere since."""
    language = request.POST.get("language", "")
    return language if language in dict(settings.LANGUAGES) else get_language() or settings.LANGUAGE_CODE


def to_the_first(request: PersonRequest, err: AlreadySubmitted) -> HttpResponse:
    """Whoever sends something twice is led to what came of the first time."""
    messages.info(request, err.message)
    return redirect("reimage:request", err.reimage_request_id)


def _draft_context(draft: ReimageRequest) -> dict[str, object]:
    """What the page says about the draft, whatever was typed."""
    plans, approvers = plan_views(draft), selectors.approvers_of(draft)
    return {
        "reimage_request": draft,
        "plans": plans,
        "fates": fates_of(draft.operations.all()),
        "plans_are_folded": len(plans) > MOST_OPEN_PLANS,
        "approvers": approvers,
        "administrators": [] if approvers else selectors.administrators(),
        "held": held_texts(draft),
        "change_url": form_address(draft, list(draft.operations.all())),
        "decision_hours": int(submission.DECISION_PERIOD.total_seconds() // 3600),
    }


def _placed(form: ConfirmForm, err: InvalidReimageRequest) -> list[str]:
    """Findings at the form's own fields; the rest as sentences."""
    rest = []
    for finding in err.findings:
        if finding.violation.field in form.fields:
            form.add_error(finding.violation.field, wording.violation_text(finding.violation))
        else:
            rest.append(finding)
    return finding_texts(rest)
