"""Ends sessions of accounts that Entra ID has disabled, deleted or signed out everywhere (ASVS 5.0 7.4.2)."""

from portal.identity.accounts import Account, accounts_of
from portal.identity.models import User
from portal.identity.open_sessions import end_sessions_without_account
from portal.identity.tenant import entra_tenant


def check_accounts() -> int:
    """Asks about everybody who is signed in. Returns how many sessions ended. Raises AccountsUnknown, Unavailable.

    Without an answer nobody is signed out: their sessions have limits, and who watches the portal is told.
    """
    signed_in = User.objects.filter(sessions__isnull=False, tenant_id=entra_tenant().tenant_id).distinct()
    people = {person.object_id: person for person in signed_in}
    accounts = accounts_of(people)
    return sum(_end_what_does_not_count(person, accounts.get(person.object_id)) for person in people.values())


def _end_what_does_not_count(person: User, account: Account | None) -> int:
    if account is None:
        return end_sessions_without_account(person=person, reason="account_deleted")
    if not account.is_enabled:
        return end_sessions_without_account(person=person, reason="account_disabled")
    if account.sessions_valid_from is None:
        return 0
    return end_sessions_without_account(
        person=person, reason="sessions_revoked", signed_in_before=account.sessions_valid_from
    )
