"""Gives and takes away access. Administrators only; a grant never lets anyone decide their own request."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from portal.audit.actors import Actor, Target
from portal.audit.personal import Personal
from portal.audit.services import record
from portal.errors import NotAllowed, NotFound, Problem, WrongState
from portal.identity.models import User
from reimage import audit_actions
from reimage.domain.resource_ids import InvalidResourceId, Scope
from reimage.models import AccessGrant, GrantRole, PrincipalKind


def require_administrator(user: User) -> None:
    """Raises NotAllowed, naming the role, for anybody else."""
    if not user.is_administrator:
        raise NotAllowed(
            _("This needs the app role Reimage.Administrator, which you do not have."),
            _("Ask an administrator of your tenant to assign it to you, then sign in again."),
        )


def require_overseer(user: User) -> None:
    """Raises NotAllowed, naming the roles, for whoever neither administers nor audits."""
    if not (user.is_administrator or user.is_auditor):
        raise NotAllowed(
            _("This needs the app role Reimage.Administrator or Reimage.Auditor, neither of which you have."),
            _("Ask an administrator of your tenant to assign one to you, then sign in again."),
        )


def grant_access(
    *,
    administrator: User,
    principal_kind: str,
    principal_id: UUID,
    principal_label: str,
    role: str,
    scope: str,
    tag_name: str,
    tag_value: str,
) -> AccessGrant:
    """Gives access on an administrator's word. Raises NotAllowed, and what create_grant raises."""
    require_administrator(administrator)
    return create_grant(
        actor=Actor.person(administrator),
        principal_kind=PrincipalKind(principal_kind),
        principal_id=principal_id,
        role=GrantRole(role),
        scope=scope,
        tag_name=tag_name,
        tag_value=tag_value,
        label=principal_label,
    )


def create_grant(
    *,
    actor: Actor,
    principal_kind: PrincipalKind,
    principal_id: UUID,
    role: GrantRole,
    scope: str,
    tag_name: str = "",
    tag_value: str = "",
    label: str = "",
) -> AccessGrant:
    """Stores a grant. The caller checked that the actor may. Raises Problem for a bad scope, WrongState for a twin."""
    grant = _proposed(
        principal_kind=principal_kind,
        principal_id=principal_id,
        principal_label=label,
        role=role,
        scope=scope,
        tag_name=tag_name,
        tag_value=tag_value,
    )
    grant.created_by = actor.name
    try:
        with transaction.atomic():
            grant.save(force_insert=True)
            _record(audit_actions.GRANT_CREATED, actor, grant)
    except IntegrityError as err:
        raise WrongState(_("This grant exists already; nothing was changed.")) from err
    return grant


def proposed_grant(*, administrator: User, **fields: Any) -> AccessGrant:
    """The grant that grant_access would store for the same fields; stores nothing. Raises as that does."""
    require_administrator(administrator)
    return _proposed(**fields)


def _proposed(*, scope: str, **fields: Any) -> AccessGrant:
    try:
        parsed = Scope.parse(scope.strip().rstrip("/"))
    except InvalidResourceId as err:
        raise Problem(
            _("The scope is not the resource id of a subscription, resource group or virtual machine: “%(scope)s”")
            % {"scope": scope.strip()[:200]},
            _("Copy the resource id from the Azure portal; it begins with /subscriptions/."),
        ) from err
    if fields["tag_value"] and not fields["tag_name"]:
        raise Problem(_("A tag's value was given without its name."), _("Give both, or neither."))
    return AccessGrant(scope=str(parsed), scope_key=parsed.key, **fields)


def delete_grant(*, administrator: User, grant_id: int) -> None:
    """Takes a grant away; what was approved on its strength stops before its POST. Raises NotAllowed or NotFound."""
    require_administrator(administrator)
    with transaction.atomic():
        grant = AccessGrant.objects.select_for_update().filter(pk=grant_id).first()
        if grant is None:
            raise NotFound(_("This grant is gone already."))
        _record(audit_actions.GRANT_DELETED, Actor.person(administrator), grant)
        grant.delete()


def _record(action: audit_actions.AuditAction, actor: Actor, grant: AccessGrant) -> None:
    is_of_person = grant.principal_kind == PrincipalKind.USER
    record(
        action=action,
        actor=actor,
        target=Target("access_grant", str(grant.pk), Personal(str(grant)) if is_of_person else str(grant)),
        related=[Target.person(str(grant.principal_id), grant.principal_label)] if is_of_person else (),
        detail={
            "principal_kind": str(grant.principal_kind),
            "principal_id": str(grant.principal_id),
            "principal_label": Personal(grant.principal_label) if is_of_person else grant.principal_label,
            "role": str(grant.role),
            "scope": grant.scope,
            "tag_name": grant.tag_name,
            "tag_value": grant.tag_value,
        },
    )
