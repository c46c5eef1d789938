"""What somebody without a grant needs to tell an administrator."""

from portal.identity.models import User
from reimage import selectors


def identity_of(user: User) -> dict[str, object]:
    """The person's ids and groups, as a grant would name them, and who can give one."""
    return {
        "object_id": user.object_id,
        "group_ids": user.group_ids,
        "groups_are_complete": user.groups_are_complete,
        "administrators": selectors.administrators(),
        "has_a_part": has_a_part(user),
    }


def has_a_part(user: User) -> bool:
    """Whether the person holds any grant or app role, be it not the one that a page needs."""
    return user.is_auditor or user.is_administrator or selectors.grants_of(user).exists()
