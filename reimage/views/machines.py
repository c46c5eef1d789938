"""The picker, and one machine's page."""

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from portal.errors import NotFound
from portal.identity.models import User
from portal.identity.requests import PersonRequest
from reimage import selectors
from reimage.domain.policy import REQUEST_MAX
from reimage.domain.request_states import RequestState
from reimage.forms import MachineFilterForm
from reimage.models import GrantRole, ReimageOperation, VirtualMachine
from reimage.services.targets import machine_page_facts
from reimage.views.access_requests import identity_of

PAGE_SIZE = 50


@require_safe
@vary_on_headers("HX-Request")
def machines(request: PersonRequest) -> HttpResponse:
    """Exactly the machines that the person may request; htmx replaces the list while they type.

    `?all=` chooses what matches the filter, beyond the page too, up to what one request holds.
    """
    form = MachineFilterForm(request.GET)
    granted = selectors.virtual_machines_for(request.user, GrantRole.REQUESTER)
    found = selectors.with_open_operation(_filtered(granted, form))
    rows = selectors.with_last_reimage(found).order_by("name", "resource_key")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    chosen = {int(value) for value in request.GET.getlist("vm") if value.isdecimal() and len(value) < 19}
    all_that_match = None
    if "all" in request.GET:
        chosen, all_that_match = _with_all_that_match(found, chosen)
    shown = [machine.pk for machine in page]
    is_filtered = any(request.GET.get(name) for name in form.fields)
    context = {
        "form": form,
        "page": page,
        "is_filtered": is_filtered,
        "request_max": REQUEST_MAX,
        "chosen": chosen,
        "all_that_match": all_that_match,
        "chosen_elsewhere": granted.filter(pk__in=chosen - set(shown)) if chosen - set(shown) else [],
        **_emptiness(request.user, is_empty=not shown and not is_filtered),
    }
    template = "reimage/machines/_list.html" if request.htmx else "reimage/machines/index.html"
    return render(request, template, context)


@dataclass(frozen=True, slots=True)
class AllThatMatch:
    """What came of choosing them all: how many are chosen now, and whether some that match found no room."""

    chosen: int
    is_full: bool


def _with_all_that_match(found: QuerySet[VirtualMachine], chosen: set[int]) -> tuple[set[int], AllThatMatch]:
    """Adds those without an open request to what was chosen before, by name, as long as there is room."""
    free = selectors.without_open_operation(found).exclude(pk__in=chosen)
    room = max(REQUEST_MAX - len(chosen), 0)
    picked = list(free.order_by("name", "resource_key").values_list("pk", flat=True)[: room + 1])
    chosen = chosen | set(picked[:room])
    return chosen, AllThatMatch(len(chosen), is_full=len(picked) > room)


def _emptiness(user: User, *, is_empty: bool) -> dict[str, object]:
    """Why there is nothing to choose from: no grant to request, or grants that cover nothing."""
    if not is_empty:
        return {}
    if selectors.grants_of(user, GrantRole.REQUESTER).exists():
        return {"covers_nothing": True}
    return {"identity": identity_of(user)}


@require_safe
def machine(request: PersonRequest, machine_id: int) -> HttpResponse:
    """One machine: the inventory's facts, fresh ones from Azure if it answers, its requests, its approvers."""
    found = selectors.with_open_operation(selectors.virtual_machines_visible_to(request.user))
    shown = found.filter(pk=machine_id).first()
    if shown is None:
        raise NotFound(_("There is no such machine, or you may not see it."), _("Choose from your machines."))
    requests = selectors.reimage_requests_visible_to(request.user).values("pk")
    operations = (
        ReimageOperation.objects.filter(virtual_machine=shown, reimage_request__in=requests)
        .exclude(reimage_request__state=RequestState.DRAFT)
        .select_related("reimage_request__requester")
        .order_by("-pk")[:20]
    )
    facts, problem = machine_page_facts(shown)
    may_request = selectors.virtual_machines_for(request.user, GrantRole.REQUESTER).filter(pk=shown.pk).exists()
    context = {
        "machine": shown,
        "facts": facts,
        "problem": problem,
        "operations": operations,
        "approvers": (approvers := selectors.approvers_for(shown)),
        "administrators": [] if approvers else selectors.administrators(),
        "may_request": may_request and shown.vanished_at is None and not getattr(shown, "has_open_operation", False),
    }
    return render(request, "reimage/machines/detail.html", context)


def _filtered(granted: QuerySet[VirtualMachine], form: MachineFilterForm) -> QuerySet[VirtualMachine]:
    values = form.cleaned_data if form.is_valid() else {}
    if text := values.get("q", "").strip():
        granted = granted.filter(Q(name__icontains=text) | Q(resource_group__icontains=text))
    if group := values.get("resource_group", "").strip():
        granted = granted.filter(resource_group_key=group.lower())
    if os_type := values.get("os_type"):
        granted = granted.filter(os_type=os_type)
    by_disk = {
        "managed": Q(ephemeral=False),
        "ephemeral": Q(ephemeral=True),
        "delete": Q(ephemeral=False, delete_option="Delete"),
    }
    condition = by_disk.get(values.get("disk", ""), Q())
    return granted.filter(condition, vanished_at__isnull=True)
