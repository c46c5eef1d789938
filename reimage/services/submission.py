"""From a reviewed draft to a request that approvers see. The machines are read once more: what was reviewed holds."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from portal.audit.actors import Actor, Target
from portal.audit.personal import Personal
from portal.audit.services import record
from portal.errors import NotFound, WrongState
from portal.identity.models import User
from reimage import audit_actions, wording
from reimage.domain.errors import RuleViolation
from reimage.domain.operation_states import ACTIVE, OperationState
from reimage.domain.passwords import PasswordMode
from reimage.domain.plan import ReimagePlan, drift
from reimage.domain.policy import confirmation_violations
from reimage.domain.request_states import RequestState
from reimage.domain.virtual_machine import DeleteOption
from reimage.models import NoticeKind, ReimageOperation, ReimageRequest
from reimage.services import notification, twins
from reimage.services.drafting import warnings_in_words
from reimage.services.errors import Finding, InvalidReimageRequest, plan_of
from reimage.services.targets import find_targets, obstacle_findings, read_facts

DECISION_PERIOD = timedelta(hours=72)


def confirmation_phrase(reimage_request: ReimageRequest) -> str:
    """What the requester types: the machine's name, or `reimage N` for several."""
    operations = list(reimage_request.operations.all())
    return operations[0].name if len(operations) == 1 else f"reimage {len(operations)}"


def destroys_a_disk(reimage_request: ReimageRequest) -> bool:
    """Whether an old OS disk will be deleted, which needs a tick of its own."""
    plans = [plan_of(operation) for operation in reimage_request.operations.all()]
    return any(not plan.ephemeral and plan.delete_option_at_reimage is DeleteOption.DELETE for plan in plans)


def own_draft(requester: User, reimage_request_id: int) -> ReimageRequest:
    """The requester's draft. Raises NotFound, or AlreadySubmitted."""
    found = ReimageRequest.objects.filter(pk=reimage_request_id, requester=requester).first()
    if found is None:
        raise NotFound(_("There is no such draft, or it expired after an hour."), _("Start a new request."))
    if found.state != RequestState.DRAFT:
        raise twins.already_submitted(found.pk)
    return found


def submit_reimage_request(
    *,
    requester: User,
    reimage_request_id: int,
    confirmation: str,
    accepts_disk_deletion: bool,
    language: str,
    now: datetime,
) -> ReimageRequest:
    """Sends the reviewed draft to the approvers. `language` is that of the page that was confirmed.

    Raises NotFound, Unavailable, InvalidReimageRequest (confirmation missing, machine busy or occupied),
    AlreadySubmitted (this draft, or another of the same machines) or WrongState (a machine changed since the review, or
    the way in which the portal takes passwords).
    """
    draft = own_draft(requester, reimage_request_id)
    if draft.expires_at <= now:
        raise NotFound(_("There is no such draft, or it expired after an hour."), _("Start a new request."))
    _check_confirmation(draft, confirmation, accepts_disk_deletion)
    _check_password_mode(draft)
    _check_machines(draft)
    try:
        with transaction.atomic():
            _submit(draft, language, now)
            draft.refresh_from_db()
    except IntegrityError as err:
        _refuse_twin(draft)
        raise _came_late(draft) from err
    return draft


def _refuse_twin(draft: ReimageRequest) -> None:
    machine_ids = [operation.virtual_machine_id for operation in draft.operations.all()]
    twins.refuse_twin(draft.requester, machine_ids, justification=draft.justification, ticket=draft.ticket)


def _came_late(draft: ReimageRequest) -> WrongState:
    """Of two requests for a machine, the one that the database did not take."""
    names = dict(draft.operations.values_list("resource_key", "name"))
    taken = ReimageOperation.objects.filter(resource_key__in=names, state__in=ACTIVE)
    keys = set(taken.values_list("resource_key", flat=True)) or names.keys()  # it may have ended meanwhile
    text = _("Another request was sent a moment before yours, for: %(machines)s.")
    remedy = _("Ask again when that request has ended, or now for the other machines alone.")
    if len(keys) == len(names):
        remedy = _("Ask again when that request has ended.")
    return WrongState(text % {"machines": _(", ").join(sorted(names[key] for key in keys))}, remedy)


def _check_confirmation(draft: ReimageRequest, confirmation: str, accepts_disk_deletion: bool) -> None:
    findings = [Finding(violation) for violation in confirmation_violations(confirmation, confirmation_phrase(draft))]
    if destroys_a_disk(draft) and not accepts_disk_deletion:
        findings.append(Finding(RuleViolation("accepts_disk_deletion", "disk_deletion_not_accepted")))
    if findings:
        raise InvalidReimageRequest(findings)


def _check_password_mode(draft: ReimageRequest) -> None:
    """What was approved keeps its mode; what is not even sent follows the installation's."""
    modes = {plan_of(operation).password_mode for operation in draft.operations.all()}
    if not modes <= {PasswordMode(settings.PASSWORD_MODE), None}:
        raise WrongState(
            _("The portal takes passwords in another way since you reviewed the plan."),
            _("Nothing was sent. Change the settings: the form shows how it takes them now."),
        )


def _check_machines(draft: ReimageRequest) -> None:
    """Rights, obstacles and facts anew: a form may be older than the machine it shows."""
    operations = list(draft.operations.select_related("virtual_machine"))
    machines = find_targets(draft.requester, [operation.virtual_machine_id for operation in operations])
    facts = read_facts(machines)
    findings = obstacle_findings(machines, facts)
    if findings:
        own_draft(draft.requester, draft.pk)  # what occupies the machines may be this very draft, sent meanwhile
        _refuse_twin(draft)
        raise InvalidReimageRequest(findings)
    changed = []
    for operation in operations:
        fact = facts[operation.resource_key]
        if not isinstance(fact, RuleViolation):
            differences = drift(plan_of(operation), fact, delete_option_applied=False)
            changed += [f"{operation.name}: {wording.drift_text(difference)}" for difference in differences]
    if changed:
        raise WrongState(
            _("A machine changed since you reviewed the plan: %(changes)s") % {"changes": "; ".join(changed)},
            _("Start the request again, so that the plan shows the machine as it is now."),
        )


def _submit(draft: ReimageRequest, language: str, now: datetime) -> None:
    submitted = ReimageRequest.objects.filter(pk=draft.pk, state=RequestState.DRAFT).update(
        state=RequestState.PENDING_APPROVAL, submitted_at=now, expires_at=now + DECISION_PERIOD
    )
    if not submitted:
        own_draft(draft.requester, draft.pk)  # says what it is now: sent already, or gone
    ReimageOperation.objects.filter(reimage_request=draft, state=OperationState.PLANNED).update(
        state=OperationState.AWAITING_APPROVAL
    )
    operations = list(draft.operations.all())
    plans = [plan_of(operation) for operation in operations]
    if language != draft.language:
        _shown_in(language, draft, operations, plans)
    flags = ["delete_warning"] if any(plan.delete_option_at_reimage is DeleteOption.DELETE for plan in plans) else []
    record(
        action=audit_actions.REQUEST_SUBMITTED,
        actor=Actor.person(draft.requester),
        target=Target("reimage_request", str(draft.pk), str(draft)),
        related=[operation.audit_target for operation in operations],
        subject=draft.audit_subject,
        flags=flags,
        detail={
            "digest": draft.digest,
            "justification": Personal(draft.justification),
            "ticket": Personal(draft.ticket),
            "language": draft.language,
            "virtual_machines": [
                _machine_detail(operation, plan) for operation, plan in zip(operations, plans, strict=True)
            ],
        },
    )
    notification.announce(draft, NoticeKind.SUBMITTED, now=now)


def _shown_in(
    language: str, draft: ReimageRequest, operations: Sequence[ReimageOperation], plans: Sequence[ReimagePlan]
) -> None:
    """The requester changed the language after the draft was made, and read the warnings in this one."""
    draft.language = language
    draft.save(update_fields=["language"])
    for operation, plan in zip(operations, plans, strict=True):
        operation.warnings_shown = warnings_in_words(plan, language)
    ReimageOperation.objects.bulk_update(operations, ["warnings_shown"])


def _machine_detail(operation: ReimageOperation, plan: ReimagePlan) -> dict[str, object]:
    return {
        "resource_id": str(plan.resource_id),
        "vm_id": plan.vm_id,
        "os_disk_id": plan.os_disk_id,
        "delete_option_before": plan.delete_option_before.value,
        "delete_option_at_reimage": plan.delete_option_at_reimage.value,
        "plan_digest": operation.plan_digest,
        "body": plan.body,
        "warnings_shown": operation.warnings_shown,
    }
