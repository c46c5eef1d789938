"""What a campaign is asked for on its command line, and the same again for each of several seeds."""

import argparse
from collections.abc import Sequence

SWITCHES = ("quick", "embedded", "keep")


def parse(arguments: Sequence[str], *, description: str = "") -> argparse.Namespace:
    """Ends the process where they make no sense."""
    parser = argparse.ArgumentParser("python -m tests.chaos", description=description)
    parser.add_argument("--seed", type=int, default=1, help="the same seed means the same wishes, harm and faults")
    parser.add_argument("--seeds", help="several, for example 1-20; prints the table of all on standard error")
    parser.add_argument("--minutes", type=float, help="how long the harm goes on at least")
    parser.add_argument("--quick", action="store_true", help="60 operations, for CI")
    parser.add_argument("--embedded", action="store_true", help="on SQLite and the filesystem broker")
    modes = ("sealed", "at_release")
    parser.add_argument("--password-mode", choices=modes, default="sealed", help="how passwords come to the portal")
    parser.add_argument("--keep", action="store_true", help="keep logs and data also of one that passes, and say where")
    return parser.parse_args(arguments)


def of_one(options: argparse.Namespace, seed: int) -> list[str]:
    """The arguments of a campaign with this seed alone, and all else as it was asked for."""
    arguments = ["--seed", str(seed), "--password-mode", options.password_mode]
    arguments += [f"--{name}" for name in SWITCHES if getattr(options, name)]
    return [*arguments, "--minutes", str(options.minutes)] if options.minutes else arguments
