"""From chosen machines to a draft: the form, its live checks, and the image versions it suggests."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.audit.text import visible
from portal.errors import NotFound, Problem, Unavailable
from portal.identity.decorators import limited, routine
from portal.identity.requests import PersonRequest
from reimage import selectors
from reimage.domain.virtual_machine import OsType
from reimage.forms import ReasonForm, SettingsForm, finding_texts, settings_key
from reimage.models import ReimageRequest, VirtualMachine
from reimage.services.clock import database_now
from reimage.services.drafting import TargetSettings, draft_reimage_request
from reimage.services.errors import AlreadySubmitted, Finding, InvalidReimageRequest
from reimage.services.images import offered_versions
from reimage.services.targets import find_targets
from reimage.views.review import to_the_first


@dataclass(slots=True)
class Group:
    """Machines that share one form."""

    form: SettingsForm
    machines: list[VirtualMachine]

    @property
    def key(self) -> str:
        return str(self.form.prefix)

    @property
    def resource_keys(self) -> set[str]:
        return {machine.resource_key for machine in self.machines}


@routine
@limited("draft")
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def new_request(request: PersonRequest) -> HttpResponse:
    """GET shows the form for `?vm=…`; POST checks it and goes on to the review, or shows what must be mended.

    Where Azure does not answer, the form comes back as it was filled in, to be sent again.
    """
    try:
        machines = find_targets(request.user, _machine_ids(request))
    except InvalidReimageRequest as err:
        context = {"findings": finding_texts(err.findings)}
        return render(request, "reimage/new_request/no_targets.html", context, status=err.status)
    bound = request.method == "POST"
    reason = ReasonForm(request.POST if bound else None, initial=_copied(request))
    groups = _groups(request, machines, bound=bound)
    findings: list[Finding] = []
    unavailable: Unavailable | None = None
    if bound and all([reason.is_valid(), *[group.form.is_valid() for group in groups]]):
        try:
            return redirect("reimage:request-review", _draft(request, machines, groups, reason).pk)
        except AlreadySubmitted as err:
            return to_the_first(request, err)
        except InvalidReimageRequest as err:
            findings = _placed(err.findings, groups)
        except Unavailable as err:
            unavailable = err
    page: dict[str, object] = {
        "reason": reason,
        "groups": groups,
        "machines": machines,
        "findings": finding_texts(findings),
        "has_errors": bound and not unavailable,
        "unavailable": unavailable,
    }
    status = unavailable.status if unavailable else 422 if bound else 200
    return render(request, "reimage/new_request/form.html", page, status=status)


@routine
@sensitive_post_parameters()
@require_POST
def check_field(request: PersonRequest) -> HttpResponse:
    """One field's errors, while the form is being filled in. The same rules as at the end; Azure is not asked."""
    machines = find_targets(request.user, _machine_ids(request))
    reason = ReasonForm(request.POST)
    forms = [reason, *[group.form for group in _groups(request, machines, bound=True)]]
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
        raise NotFound(_("A machine of this request does not exist, or you may not request its reimage."))
    return [int(value) for value in values]


def _is_id(value: str) -> bool:
    return value.isdecimal() and len(value) < 19


def _copied(request: PersonRequest) -> dict[str, str]:
    """The words of the request that `?again=` names, as they are read, if this person may see it; never a secret."""
    number = request.GET.get("again", "")
    if not _is_id(number):
        return {}
    shown = selectors.reimage_requests_visible_to(request.user).filter(pk=int(number)).first()
    return {"justification": visible(shown.justification), "ticket": visible(shown.ticket)} if shown else {}


def _groups(request: PersonRequest, machines: Sequence[VirtualMachine], *, bound: bool) -> list[Group]:
    by_key: dict[tuple[str, bool, str], list[VirtualMachine]] = {}
    for machine in machines:
        by_key.setdefault(settings_key(machine), []).append(machine)
    return [
        Group(
            SettingsForm(
                request.POST if bound else None,
                request.FILES if bound else None,
                prefix=f"g{members[0].pk}",
                os_type=OsType(os_type),
                ephemeral=ephemeral,
            ),
            members,
        )
        for (os_type, ephemeral, _image), members in by_key.items()
    ]


def _draft(
    request: PersonRequest, machines: Sequence[VirtualMachine], groups: Sequence[Group], reason: ReasonForm
) -> ReimageRequest:
    """The valid forms as a draft."""
    return draft_reimage_request(
        requester=request.user,
        targets=_targets(machines, groups),
        justification=reason.cleaned_data["justification"],
        ticket=reason.cleaned_data["ticket"],
        language=get_language() or "en",
        now=database_now(),
    )


def _targets(machines: Sequence[VirtualMachine], groups: Sequence[Group]) -> list[TargetSettings]:
    forms = {machine.pk: group.form for group in groups for machine in group.machines}
    return [
        TargetSettings(machine.pk, forms[machine.pk].parameters, forms[machine.pk].delete_option_change)
        for machine in machines
    ]


def _placed(findings: Sequence[Finding], groups: Sequence[Group]) -> list[Finding]:
    """Puts what is about a group's field there, once; returns the rest."""
    rest, reported = [], set()
    for finding in findings:
        group = next((g for g in groups if finding.resource_key in g.resource_keys), None)
        if group is None or finding.violation.field not in group.form.fields:
            rest.append(finding)
        elif (group.key, finding.violation) not in reported:
            reported.add((group.key, finding.violation))
            group.form.report([finding.violation])
    return rest
