"""What is asked of the portal when all is quiet: its own verdict on its log, an export, the pages about each secret."""

import subprocess
import sys
import time
from collections.abc import Iterable, Iterator

from tests.cast import ALICE, BOB, CAROL, DAN
from tests.chaos.deeds import Deed
from tests.chaos.installation import Installation
from tests.chaos.people import Person, patiently
from tests.chaos.processes import ROOT

VERIFYING_SECONDS = 90  # bounded: the sealer and its anchors follow within half a minute
GLANCE_SECONDS = 1.0
BEHIND = 3
MOST_PAGES = 10  # of requests
PAGES = ("/", "/requests/", "/approvals/", "/audit/", "/attention/", "/healthz", "/readyz", "/metrics")


def unsound(installation: Installation) -> list[str]:
    """What `manage.py audit_verify` says, unless it is 0: sound, sealed and anchored."""
    deadline = time.monotonic() + VERIFYING_SECONDS
    while True:
        done = _manage(installation, "audit_verify")
        if done.returncode != BEHIND or time.monotonic() > deadline:
            break
        time.sleep(GLANCE_SECONDS)
    said = [*done.stdout.splitlines(), *done.stderr.splitlines()[-5:]]
    return [f"exit code {done.returncode}", *said] if done.returncode else []


def export(installation: Installation) -> list[str]:
    """The whole log as a file in the campaign's folder, where the canary is searched; what went wrong, if anything."""
    done = _manage(installation, "audit_export", str(installation.folder / "audit-export.jsonl"))
    return [f"audit_export: {done.stderr[-500:]}"] if done.returncode else []


def pages(installation: Installation, deeds: Iterable[Deed]) -> Iterator[tuple[str, str]]:
    """What each role may read about requests that had a secret."""
    about = [f"/requests/{deed.number}/" for deed in deeds if deed.password][:MOST_PAGES]
    for part in (ALICE, BOB, CAROL, DAN):
        person = Person(part, installation.base_url)
        try:
            person.sign_in()
            for path in (*PAGES, *about):
                shown = patiently(lambda person=person, path=path: person.get(path))
                yield f"{path} as {part.display_name} sees it", shown.text
        finally:
            person.close()


def _manage(installation: Installation, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "manage.py", *arguments]
    environment = installation.environment("web") | {"LOG_LEVEL": "ERROR"}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=VERIFYING_SECONDS, check=False
    )
