"""From chosen machines to a draft: the form, its live checks, and the image versions it suggests."""

from collections.abc import Sequence
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.errors import Problem, Unavailable
from portal.identity.decorators import limited, routine
from portal.identity.requests import PersonRequest
from reimage.copied_settings import CopiedSettings, copied_from, copied_from_draft
from reimage.forms import ReasonForm, SettingsForm, finding_texts
from reimage.models import ReimageRequest, VirtualMachine
from reimage.services.clock import database_now
from reimage.services.drafting import draft_reimage_request
from reimage.services.errors import AlreadySubmitted, Finding, InvalidReimageRequest, MachinesChanged
from reimage.services.images import offered_versions
from reimage.services.targets import find_targets, granted_targets, not_granted
from reimage.views.review import to_the_first
from reimage.views.settings_groups import Group, carried_over, changes_since, groups_of, placed, targets_of


@routine
@limited("draft")
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def new_request(request: PersonRequest) -> HttpResponse:
    """GET shows the form for `?vm=…`, filled in from the request of `?again=` or from the draft one came back from.

    POST checks it and goes on to the review. Where something must be mended, Azure does not answer, or a machine is no
    longer what the form was made for, it comes back as it was filled in.
    """
    try:
        return _checked(request) if request.method == "POST" else _begun(request)
    except InvalidReimageRequest as err:
        return _no_form(request, finding_texts(err.findings), status=err.status)


def _begun(request: PersonRequest) -> HttpResponse:
    machines = find_targets(request.user, _machine_ids(request))
    copied = _copied(request, machines)
    reason = ReasonForm(initial=copied.reason if copied else None)
    groups = groups_of(machines, initial=copied.settings if copied else None)
    return _form(request, machines, reason, groups, copied=copied)


def _checked(request: PersonRequest) -> HttpResponse:
    wanted = _machine_ids(request)
    machines = granted_targets(request.user, wanted)
    if len(machines) < len(wanted) or changes_since(request.POST, machines, ()):
        return _outdated(request, wanted)
    reason, groups = ReasonForm(request.POST), groups_of(machines, request.POST, request.FILES)
    if not all([reason.is_valid(), *[group.form.is_valid() for group in groups]]):
        return _form(request, machines, reason, groups, has_errors=True, status=422)
    try:
        return redirect("reimage:request-review", _draft(request, machines, groups, reason).pk)
    except AlreadySubmitted as err:
        return to_the_first(request, err)
    except MachinesChanged:
        return _outdated(request, wanted)
    except InvalidReimageRequest as err:
        rest = placed(err.findings, groups)
        return _form(request, machines, reason, groups, findings=rest, has_errors=True, status=422)
    except Unavailable as err:
        return _form(request, machines, reason, groups, unavailable=err, status=err.status)


def _outdated(request: PersonRequest, wanted: Sequence[int]) -> HttpResponse:
    """The form for the machines as they are now, with what was typed and what changed; nothing was drafted."""
    machines = granted_targets(request.user, wanted)
    found = {machine.pk for machine in machines}
    changes = changes_since(request.POST, machines, [number for number in wanted if number not in found])
    reason = ReasonForm(request.POST)
    if not machines:
        return _no_form(request, changes, status=404, reason=reason, remedy=not_granted().remedy)
    typed, homeless = carried_over(request.POST, machines)
    groups = groups_of(machines, typed)
    return _form(request, machines, reason, groups, changes=changes, homeless=homeless, status=409)


def _form(
    request: PersonRequest,
    machines: Sequence[VirtualMachine],
    reason: ReasonForm,
    groups: Sequence[Group],
    *,
    findings: Sequence[Finding] = (),
    status: int = 200,
    **context: object,
) -> HttpResponse:
    page_url = f"{request.path}?{urlencode([('vm', machine.pk) for machine in machines])}"
    page = {
        "page_url": page_url,
        "reason": reason,
        "groups": groups,
        "machines": machines,
        "findings": finding_texts(findings),
        **context,
    }
    return render(request, "reimage/new_request/form.html", page, status=status)


def _no_form(request: PersonRequest, findings: Sequence[str], *, status: int, **context: object) -> HttpResponse:
    return render(request, "reimage/new_request/no_targets.html", {"findings": findings, **context}, status=status)


@routine
@sensitive_post_parameters()
@require_POST
def check_field(request: PersonRequest) -> HttpResponse:
    """One field's errors, while the form is being filled in. The same rules as at the end; Azure is not asked."""
    machines = find_targets(request.user, _machine_ids(request))
    reason = ReasonForm(request.POST)
    forms = [reason, *[group.form for group in groups_of(machines, request.POST, request.FILES)]]
    wanted = request.GET.get("field", "")
    for form in forms:
        for field in form:
            if field.html_name == wanted:
                praise = form.praise(field.name) if isinstance(form, SettingsForm) else ""
                return render(request, "reimage/new_request/_field_errors.html", {"field": field, "praise": praise})
    raise Problem(
        _("The form has no such field, so nothing was checked."),
        _("Reload the page and fill in the form again."),
    )


@require_safe
def image_versions(request: PersonRequest) -> HttpResponse:
    """The versions that Azure lists for the image of one machine, as suggestions; none if it does not answer."""
    machine = find_targets(request.user, _machine_ids(request))[0]
    context = {"versions": offered_versions(machine), "list_id": request.GET.get("list", "")[:40]}
    return render(request, "reimage/new_request/_versions.html", context)


def _machine_ids(request: PersonRequest) -> list[int]:
    """The machines of the address or the form; a mistyped id is as good as a foreign one."""
    values = request.POST.getlist("vm") or request.GET.getlist("vm")
    if not all(map(_is_id, values)):
        raise not_granted()
    return [int(value) for value in values]


def _is_id(value: str) -> bool:
    return value.isdecimal() and len(value) < 19


def _copied(request: PersonRequest, machines: Sequence[VirtualMachine]) -> CopiedSettings | None:
    """`?again=` names what to copy; without it, a draft of the same machines that the person came back from."""
    if "again" not in request.GET:
        return copied_from_draft(request.user, machines, now=database_now())
    number = request.GET["again"]
    return copied_from(request.user, int(number)) if _is_id(number) else None


def _draft(
    request: PersonRequest, machines: Sequence[VirtualMachine], groups: Sequence[Group], reason: ReasonForm
) -> ReimageRequest:
    """The valid forms as a draft."""
    return draft_reimage_request(
        requester=request.user,
        targets=targets_of(machines, groups),
        justification=reason.cleaned_data["justification"],
        ticket=reason.cleaned_data["ticket"],
        language=get_language() or "en",
        now=database_now(),
    )
