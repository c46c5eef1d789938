"""One campaign from beginning to end. Sets up the installation, then Django, so that the rest can look into it."""

import os
from pathlib import Path

import django

from tests.chaos import scale
from tests.chaos.installation import Installation
from tests.chaos.report import Report
from tests.chaos.telling import say


def run(folder: Path, *, seed: int, size: scale.Scale, embedded: bool = False) -> Report:
    """Runs it in this folder, and reports. `embedded` is SQLite and the filesystem broker, whatever there is."""
    say(f"seed {seed}: {size.operations} operations over {size.vms} machines")
    with Installation(folder, seed=seed, size=size, embedded=embedded) as installation:
        os.environ.update(installation.environment_of_the_judge())
        django.setup()
        from tests.chaos.phases import Phases  # it looks into the database, which needs the settings

        return Phases(installation, seed=seed, size=size).run()
