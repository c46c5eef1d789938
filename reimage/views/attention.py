"""Operations that wait for an administrator: which, the evidence for and against, and the decision."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.errors import NotFound, WrongState
from portal.identity.decorators import grave
from portal.identity.requests import PersonRequest
from portal.identity.roles import require_administrator, require_overseer
from reimage import wording
from reimage.attention_view import evidence_view
from reimage.audit_actions import OPERATION_SETTLED
from reimage.decision_forms import SettleForm
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.execution_selectors import operations_needing_attention
from reimage.models import ReimageOperation
from reimage.services import attention as service
from reimage.services.clock import database_now
from reimage.services.errors import DamagedPlan
from reimage.services.evidence import observe
from reimage.services.weighing import WEIGHED
from reimage.weighed_view import weighed_view

PAGE_SIZE = 25


@require_safe
def attention(request: PersonRequest) -> HttpResponse:
    """What waits, the oldest first; for administrators, and for auditors to read."""
    require_overseer(request.user)
    rows = operations_needing_attention().select_related("reimage_request__requester")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "notes": {row.pk: wording.note_text(row.note) for row in page}}
    return render(request, "reimage/attention/index.html", context)


@require_safe
def case(request: PersonRequest, operation_id: int) -> HttpResponse:
    """The evidence of one operation; read fresh from Azure while it waits."""
    require_overseer(request.user)
    return _page(request, _find(operation_id))


@grave("executed", "comment")
@require_POST
def settle(request: PersonRequest, operation_id: int) -> HttpResponse:
    """An administrator's word on an operation whose outcome evidence could not tell."""
    require_administrator(request.user)
    operation = _find(operation_id)
    form = _form(operation, request.POST)
    try:
        if not form.is_valid():
            service.require_waiting(operation)
            return _page(request, operation, form, status=422)
        service.settle_operation(
            administrator=request.user, operation_id=operation_id, now=database_now(), **form.outcome()
        )
    except WrongState as err:
        err.way_on = reverse("reimage:request", args=[operation.reimage_request_id])
        raise
    messages.success(request, _("Settled. The audit log keeps your reason."))
    return redirect("reimage:request", operation.reimage_request_id)


def _page(
    request: PersonRequest, operation: ReimageOperation, form: SettleForm | None = None, *, status: int = 200
) -> HttpResponse:
    is_waiting = operation.state == OperationState.NEEDS_ATTENTION
    evidence, damage = None, ""
    try:
        evidence = evidence_view(operation, observe(operation)) if is_waiting else None
    except DamagedPlan as err:  # then what Azure's portal shows must do
        damage = err.message
    context = {
        "operation": operation,
        "note": wording.note_text(operation.note),
        "is_waiting": is_waiting,
        "settled": "" if is_waiting else service.settled_text(operation),
        "weighed": None if is_waiting else weighed_view(OPERATION_SETTLED.name, operation.evidence.get(WEIGHED)),
        "evidence": evidence,
        "damage": damage,
        "form": (form or _form(operation)) if is_waiting and request.user.is_administrator else None,
    }
    return render(request, "reimage/attention/case.html", context, status=status)


def _form(operation: ReimageOperation, posted: QueryDict | None = None) -> SettleForm:
    return SettleForm(posted, name=operation.name, auto_id=f"settle-{operation.pk}-%s")


def _find(operation_id: int) -> ReimageOperation:
    rows = ReimageOperation.objects.select_related("reimage_request__requester", "reimage_request__decision__approver")
    # A draft is its requester's alone.
    operation = rows.filter(pk=operation_id).exclude(reimage_request__state=RequestState.DRAFT).first()
    if operation is None:
        raise NotFound(_("There is no such operation."))
    return operation
