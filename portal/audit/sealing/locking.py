"""One sealer at a time, whichever process or machine it runs on."""

from django.db import connection

LOCK = 0x5EA1_A0D1  # any number that nothing else of the portal uses


def lock_for_sealing() -> bool:
    """Takes the lock until the transaction ends; False where another sealer has it.

    On SQLite the transaction has it from its start (transaction_mode IMMEDIATE). Were two to run all the same, the
    second would fail on the first leaf: an index is given once.
    """
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        (is_ours,) = cursor.fetchone()
    return bool(is_ours)
