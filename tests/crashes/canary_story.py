"""Passwords of each kind on their way and used up, really committed: python -m tests.crashes.canary_story FOLDER.

Prints what lies on disk meanwhile: the sizes of SQLite's files or of PostgreSQL's dump, and what was found there.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import django

django.setup()

from django.conf import settings  # as all below: after Django is set up
from django.db import connection
from django.utils import timezone

from reimage.domain.parameters import ReimageParameters
from reimage.services import generated_passwords
from reimage.services.password_views import Asked
from reimage.services.view_answers import answer_views
from tests.canary.spellings import PASSWORD, leaks
from tests.crashes.prepared import alice_and_bob, running_sandbox
from tests.passwords import AT_RELEASE, GENERATED, give, show_password
from tests.stories import approved, request_reimage, run
from tests.with_services import find_program

SEALED = ReimageParameters(admin_password=PASSWORD)


def main(folder: Path) -> None:
    sandbox, (alice, bob) = running_sandbox(), alice_and_bob()
    generated_passwords.generate_password = lambda _os_type: PASSWORD
    run(approved(alice, bob, "web-02", parameters=SEALED), sandbox)
    request_reimage(alice, "web-04", parameters=SEALED)  # waits for its approver
    settings.PASSWORD_MODE = "at_release"
    give(approved(alice, bob, "web-03", parameters=AT_RELEASE), password=PASSWORD)  # waits for a worker
    settings.PASSWORD_MODE = "generated"
    ended = run(approved(alice, bob, "web-02", parameters=GENERATED), sandbox).operations.get()
    ids = {"reimage_request_id": ended.reimage_request_id, "operation_id": ended.pk}
    asked = show_password(requester=alice, private_key=None, now=timezone.now(), **ids)
    assert isinstance(asked, Asked)
    answer_views(now=timezone.now())
    unseen = on_disk(folder)
    show_password(requester=alice, private_key=asked.private_key, now=timezone.now(), **ids)
    seen = on_disk(folder)
    said = {
        "sizes": {name: len(content) for name, content in seen.items()},
        "known": sorted(name for name, content in seen.items() if b"The disk image is corrupt." in content),
        "leaks": [*leaks(unseen), *leaks(seen)],
    }
    print(json.dumps(said))  # read by the test


def on_disk(folder: Path) -> dict[str, bytes]:
    """SQLite's files beside the open connection; of PostgreSQL, whose files are the server's, the dump as text."""
    if connection.vendor == "sqlite":
        return {file.name: file.read_bytes() for file in folder.glob("own.sqlite3*")}
    command = [str(find_program("pg_dump")), "--inserts", f"--dbname={os.environ['DATABASE_URL']}"]
    return {"pg_dump": subprocess.run(command, capture_output=True, check=True, timeout=60).stdout}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
