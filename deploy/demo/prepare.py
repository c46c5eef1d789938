"""Makes the demo's database, static files and first data, in a process of its own; a second time finds them made."""

from collections.abc import Iterator
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command

PRODUCTION = "/subscriptions/aaaaaaaa-0000-4000-8000-000000000001"
ALICE = "aa000000-0000-4000-8000-00000000000a"
TEAM_WEB = "90000000-0000-4000-8000-000000000001"
VM_APPROVERS = "90000000-0000-4000-8000-000000000002"

GRANTS = (
    (
        "--group",
        TEAM_WEB,
        "--role",
        "requester",
        "--scope",
        f"{PRODUCTION}/resourceGroups/rg-web",
        "--label",
        "team-web",
    ),
    ("--user", ALICE, "--role", "requester", "--scope", PRODUCTION, "--tag", "owner=batch", "--label", "Alice Aoki"),
    ("--group", VM_APPROVERS, "--role", "approver", "--scope", PRODUCTION, "--label", "vm-approvers"),
)


def _sources_of_static_files() -> Iterator[Path]:
    yield settings.BASE_DIR / "constraints.txt"  # another version of a package brings other files
    for folder in settings.STATICFILES_DIRS:
        yield Path(folder)
        yield from Path(folder).rglob("*")


def _collect_static_files() -> None:
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    newest = max(path.stat().st_mtime for path in _sources_of_static_files())
    if not manifest.exists() or manifest.stat().st_mtime < newest:
        print("Collecting static files", flush=True)
        call_command("collectstatic", interactive=False, verbosity=0)


def _seed() -> None:
    marker = Path(settings.VAR_DIR) / "seeded"
    if marker.exists():
        return
    print("Reading the machines from the sandbox, granting Alice and Bob their access", flush=True)
    call_command("inventory_sync")
    for grant in GRANTS:
        call_command("grant", *grant)
    marker.touch()


def main() -> None:
    """Once the sandbox answers, and before anything else starts."""
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    _collect_static_files()
    _seed()


if __name__ == "__main__":
    main()
