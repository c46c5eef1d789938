"""From a filled-in form to a draft: validated, planned from fresh facts, secrets sealed. No approver sees it yet."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from portal.identity.models import User
from reimage import selectors, wording
from reimage.domain.errors import RuleViolation
from reimage.domain.parameters import ReimageParameters, password_mode_violations, validate_parameters
from reimage.domain.passwords import PasswordMode
from reimage.domain.plan import DeleteOptionChange, ReimagePlan, build_plan, delete_option_violations, request_digest
from reimage.domain.request_states import RequestState
from reimage.domain.virtual_machine import VirtualMachineFacts
from reimage.models import ReimageOperation, ReimageRequest, SecretField, VirtualMachine
from reimage.services import inventory, secrets, twins
from reimage.services.errors import Finding, InvalidReimageRequest, MachinesChanged
from reimage.services.targets import find_targets, obstacle_findings, read_facts

DRAFT_LIFETIME = timedelta(hours=1)
LANGUAGES = ("ja", "en")


@dataclass(frozen=True, slots=True)
class TargetSettings:
    """What is asked for one machine."""

    machine_id: int
    parameters: ReimageParameters
    delete_option_change: DeleteOptionChange = DeleteOptionChange.KEEP


def draft_reimage_request(
    *,
    requester: User,
    targets: Sequence[TargetSettings],
    justification: str,
    ticket: str,
    language: str,
    now: datetime,
) -> ReimageRequest:
    """Stores what is going to be reviewed. Raises InvalidReimageRequest, NotFound, Unavailable or WrongState.

    The last: AlreadySubmitted, or MachinesChanged.

    A draft occupies no machine and reaches no approver; after an hour it is deleted together with its secrets.
    """
    machines = find_targets(requester, [target.machine_id for target in targets])
    justification, ticket = justification.strip(), ticket.strip()
    twins.refuse_twin(requester, [machine.pk for machine in machines], justification=justification, ticket=ticket)
    facts = read_facts(machines)
    _follow_changes(machines, facts, now)
    findings = [
        *_text_findings(justification),
        *obstacle_findings(machines, facts),
        *_parameter_findings(machines, targets, facts),
    ]
    if findings:
        raise InvalidReimageRequest(findings)
    with transaction.atomic():
        draft = ReimageRequest.objects.create(
            state=RequestState.DRAFT,
            requester=requester,
            justification=justification,
            ticket=ticket,
            language=language,
            expires_at=now + DRAFT_LIFETIME,
        )
        plans = [
            _store_operation(draft, position, machine, target, facts[machine.resource_key], now)
            for position, (machine, target) in enumerate(zip(machines, targets, strict=True))
        ]
        draft.digest = digest_of(draft, plans)
        draft.save(update_fields=["digest"])
    return draft


def digest_of(reimage_request: ReimageRequest, plans: Sequence[ReimagePlan]) -> str:
    """What an approval of this request is bound to."""
    return request_digest(
        plans,
        justification=reimage_request.justification,
        requester=selectors.principal_key_of(reimage_request.requester),
        ticket=reimage_request.ticket,
        reference=str(reimage_request.pk),
    )


def discard_expired_drafts(*, now: datetime) -> int:
    """Deletes drafts that were never submitted, with their secrets. Returns how many."""
    drafts = ReimageRequest.objects.filter(state=RequestState.DRAFT, expires_at__lte=now)
    with transaction.atomic():
        # A draft that is being submitted right now is locked: it is left alone, and the others do not wait for it.
        stale = list(drafts.select_for_update(skip_locked=True).values_list("pk", flat=True))
        ReimageRequest.objects.filter(pk__in=stale).delete()
    return len(stale)


def _store_operation(
    draft: ReimageRequest,
    position: int,
    machine: VirtualMachine,
    target: TargetSettings,
    facts: VirtualMachineFacts | RuleViolation,
    now: datetime,
) -> ReimagePlan:
    assert isinstance(facts, VirtualMachineFacts)  # noqa: S101  # a vanished machine was refused as a finding
    password = (
        secrets.commit(target.parameters.admin_password) if target.parameters.admin_password is not None else None
    )
    plan = build_plan(
        facts,
        target.parameters,
        delete_option_change=target.delete_option_change,
        password_commitment=password.commitment if password else None,
    )
    operation = ReimageOperation.objects.create(
        reimage_request=draft,
        virtual_machine=machine,
        resource_key=plan.resource_id.key,
        name=plan.resource_id.name,
        position=position,
        plan=plan.as_document(),
        plan_digest=plan.digest,
        warnings_shown=warnings_in_words(plan, draft.language),
    )
    if password:
        secrets.seal(password, operation=operation, reimage_request=draft, field=SecretField.ADMIN_PASSWORD, now=now)
    if target.parameters.custom_data is not None:
        data = secrets.commit(target.parameters.custom_data)
        secrets.seal(data, operation=operation, reimage_request=draft, field=SecretField.CUSTOM_DATA, now=now)
    return plan


def warnings_in_words(plan: ReimagePlan, language: str) -> Mapping[str, list[str]]:
    """The deleteOption warnings as the requester reads them, and in English for whoever reads the log."""
    words = {}
    for code in dict.fromkeys((language, "en")):
        with translation.override(code):
            words[code] = [wording.consequence_text(warning) for warning in plan.delete_option_warnings]
    return words


def _follow_changes(
    machines: Sequence[VirtualMachine], facts: Mapping[str, VirtualMachineFacts | RuleViolation], now: datetime
) -> None:
    """The inventory is as old as its last synchronisation; the settings were chosen for what it said."""
    changed = []
    for machine in machines:
        fact = facts[machine.resource_key]
        if isinstance(fact, RuleViolation):
            continue
        inventory.follow(fact, now=now)
        if (machine.os_type, machine.ephemeral) != (fact.os_type.value, fact.os_disk.ephemeral):
            changed.append(machine.name)
    if changed:
        raise MachinesChanged(
            _("Not the kind of machine that these settings are for any more: %(machines)s.")
            % {"machines": _(", ").join(changed)},
            _("Look at the settings again, then go on."),
        )


def _text_findings(justification: str) -> list[Finding]:
    # A letter, digit or sign: neither spaces nor characters that nobody sees (categories Z and C) are a reason.
    if any(unicodedata.category(character)[0] not in "CZ" for character in justification):
        return []
    return [Finding(RuleViolation("justification", "justification_missing"))]


def _parameter_findings(
    machines: Sequence[VirtualMachine],
    targets: Sequence[TargetSettings],
    facts: Mapping[str, VirtualMachineFacts | RuleViolation],
) -> list[Finding]:
    found = []
    for machine, target in zip(machines, targets, strict=True):
        fact = facts[machine.resource_key]
        if isinstance(fact, RuleViolation):
            continue
        violations = (
            *password_mode_violations(target.parameters, PasswordMode(settings.PASSWORD_MODE)),
            *validate_parameters(target.parameters, os_type=fact.os_type, ephemeral=fact.os_disk.ephemeral),
            *delete_option_violations(fact, target.delete_option_change),
        )
        found += [Finding(violation, machine.resource_key) for violation in violations]
    return found
