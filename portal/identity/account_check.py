"""Ends sessions of accounts that Entra ID has disabled, deleted or signed out everywhere (ASVS 5.0 7.4.2)."""

from portal.identity.accounts import Account, AccountsUnknown, accounts_of
from portal.identity.models import User
from portal.identity.open_sessions import end_sessions_without_account
from portal.identity.tenant import entra_tenant


def check_accounts() -> int:
    """Asks about everybody who is signed in. Returns how many sessions ended. Raises AccountsUnknown, Unavailable.

    Of whom Graph says nothing, nobody is signed out: their sessions have limits, and who watches the portal is told.
    """
    signed_in = User.objects.filter(sessions__isnull=False, tenant_id=entra_tenant().tenant_id).distinct()
    people = {person.object_id: person for person in signed_in}
    accounts = accounts_of(people)
    ended = sum(_end_what_does_not_count(people[object_id], account) for object_id, account in accounts.items())
    if unknown := len(people) - len(accounts):
        raise AccountsUnknown(f"Graph told nothing that can be used of {unknown} accounts; {ended} sessions ended.")
    return ended


def _end_what_does_not_count(person: User, account: Account) -> int:
    if not account.exists:
        return end_sessions_without_account(person=person, reason="account_deleted")
    if not account.is_enabled:
        return end_sessions_without_account(person=person, reason="account_disabled")
    if account.sessions_valid_from is None:
        return 0
    return end_sessions_without_account(
        person=person, reason="sessions_revoked", issued_before=account.sessions_valid_from
    )
