"""Measures the figures and prints each as one JSON line: python -m tests.bench [FIGURE…] (make bench).

Exit code 1 if one of them misses its target.
"""

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from tests import with_services
from tests.bench import figures
from tests.bench.services import Services

NAMES = sorted(module.name for module in iter_modules(figures.__path__))


def main() -> int:
    """Each figure on a database and a broker of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"some of {', '.join(NAMES)}; all by default")
    parser.add_argument("--scale", type=float, default=1.0, help="of the figures' sizes; targets are for 1")
    options = parser.parse_args()
    if unknown := set(options.figures) - set(NAMES):
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    missed = False
    for name in options.figures or NAMES:
        found = {"figure": name, **_measure(name, options.scale)}
        print(json.dumps(found), flush=True)  # its purpose
        missed |= found.get("met") is False
    return int(missed)


def _measure(name: str, scale: float) -> dict[str, object]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="reimage-portal-bench-")))
        folder.chmod(0o755)
        for part in ("postgresql", "redis", "portal"):
            (folder / part).mkdir()
        services = Services(folder / "portal")
        if missing := with_services.missing_programs():
            print(f"\n!!! {', '.join(missing)} not found: measured on SQLite !!!\n", file=sys.stderr)
        else:
            services.database_url = stack.enter_context(with_services.postgresql(folder / "postgresql"))
            services.broker_url = stack.enter_context(with_services.redis(folder / "redis"))
        return {"on": services.name, **import_module(f"tests.bench.figures.{name}").measure(services, scale)}


if __name__ == "__main__":
    sys.exit(main())
