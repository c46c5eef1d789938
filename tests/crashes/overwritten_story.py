"""A sealed password, committed and then destroyed: python -m tests.crashes.overwritten_story FOLDER. For SQLite.

Prints which of SQLite's files hold its ciphertext while it is stored, and which do once the -wal is written back.
"""

import json
import sys
from pathlib import Path

import django

django.setup()

from django.db import connection  # as all below: after Django is set up

from reimage.domain.parameters import ReimageParameters
from reimage.models import SealedSecret
from reimage.services.secrets import destroy_secrets
from tests.crashes.prepared import alice_and_bob
from tests.passwords import PASSWORD
from tests.stories import draft


def main(folder: Path) -> None:
    alice, _bob = alice_and_bob()
    draft(alice, "web-02", "web-03", parameters=ReimageParameters(admin_password=PASSWORD))
    first, second = SealedSecret.objects.order_by("pk")
    write_back()
    before = [files_with(bytes(secret.ciphertext), folder) for secret in (first, second)]
    destroy_secrets(first.operation_id)
    write_back()
    after = [files_with(bytes(secret.ciphertext), folder) for secret in (first, second)]
    print(json.dumps({"before": before, "after": after}))  # read by the test


def write_back() -> None:
    """The -wal is empty afterwards, as it is after the last process has ended."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert cursor.fetchone()[0] == 0, "a reader held it up"


def files_with(content: bytes, folder: Path) -> list[str]:
    return sorted(file.name for file in folder.glob("own.sqlite3*") if content in file.read_bytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
