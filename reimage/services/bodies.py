"""The body as it is sent: the approved one with its secrets in place. Opened here only, right before the intent."""

from collections.abc import Mapping
from dataclasses import replace

from reimage import audit_actions
from reimage.domain.parameters import ReimageParameters, fingerprinted_body, request_body
from reimage.domain.passwords import PasswordMode, password_violations
from reimage.domain.plan import ReimagePlan
from reimage.models import ReimageOperation, SecretField
from reimage.services.requester_deeds import details_by_requester
from reimage.services.secrets import SealingError, open_secret


def filled_body(
    operation: ReimageOperation, plan: ReimagePlan, *, generated: str | None = None
) -> dict[str, object] | None:
    """The plan's body with its secrets in place. Raises SealingError unless it is exactly what was approved."""
    approved = dict(plan.body or {})
    profile = approved.get("osProfile")
    password = profile.get("adminPassword", {}) if isinstance(profile, Mapping) else {}
    commitment = password.get("commitment")
    bound_to = _given_commitment(operation) if plan.promised_password is PasswordMode.AT_RELEASE else commitment
    parameters = ReimageParameters(
        temp_disk=bool(approved.get("tempDisk")) or None,
        exact_version=str(approved["exactVersion"]) if "exactVersion" in approved else None,
        admin_password=generated or open_secret(operation, SecretField.ADMIN_PASSWORD, commitment=bound_to),
        custom_data=open_secret(operation, SecretField.CUSTOM_DATA, commitment=None),
    )
    if not _is_approved(parameters, plan, commitment):
        raise SealingError(f"the sealed values of operation {operation.pk} do not make the approved body")
    return request_body(parameters)


def _given_commitment(operation: ReimageOperation) -> str:
    """What its requester gave, as the log has it."""
    details = details_by_requester(operation, audit_actions.PASSWORD_GIVEN)
    if len(details) != 1 or details[0] is None:
        many = f"{len(details)} events, not one, or a damaged one"
        raise SealingError(f"of a password given for operation {operation.pk} the log has {many}")
    return str(details[0].get("commitment"))


def _is_approved(parameters: ReimageParameters, plan: ReimagePlan, commitment: str | None) -> bool:
    """Of a password that was given after the approval, what was approved are its rules."""
    if plan.promised_password is not None:
        given = parameters.admin_password
        if given is None or password_violations(given, plan.os_type):
            return False
        parameters = replace(parameters, admin_password=None, promised_password=plan.promised_password)
    elif (parameters.admin_password is None) != (commitment is None):
        return False
    return fingerprinted_body(parameters, os_type=plan.os_type, password_commitment=commitment) == plan.body
