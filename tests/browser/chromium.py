"""Which Chromium the browser tests use, and how it is started."""

import os
import shutil
from functools import cache
from pathlib import Path

SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome")
ABSENT = (
    "No Chromium found: the browser tests were NOT run. "
    "Install one (on Debian: apt install chromium), "
    "or Playwright's own: .venv/bin/playwright install --with-deps chromium"
)
# Quiet, and at home in a container that runs as root.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
)


def system_chromium() -> str | None:
    """The first one on PATH."""
    return next(filter(None, map(shutil.which, SYSTEM_NAMES)), None)


def _has_playwrights_own() -> bool:
    kept = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright"
    mac = Path.home() / "Library" / "Caches" / "ms-playwright"
    return any(next(Path(folder).glob("chromium*"), None) for folder in (kept, mac))


@cache
def is_available() -> bool:
    """Whether browser tests can run on this machine."""
    return bool(system_chromium()) or _has_playwrights_own()


def launch_options() -> dict[str, object]:
    """For Playwright's launch()."""
    chosen = {"executable_path": path} if (path := system_chromium()) else {}
    return {"args": list(ARGUMENTS), **chosen}
