"""How a worker ends that finds, at its start, that it could not do its work."""

import sys
from typing import NoReturn

from portal.security_module.sessions import was_a_pin_refused

PIN_REFUSED = 78  # EX_CONFIG of sysexits.h; deploy/systemd/reimage-portal-worker.service knows it


def refuse_to_start(problem: Exception) -> NoReturn:
    """Ends the process, with the reason as the last line of its log.

    systemd starts it again: what is away for a while comes back. A PIN that was refused does not, and each start would
    send it once more, until the token locks itself; so this ends with a status after which systemd leaves it.
    """
    said = f"The worker cannot start. {problem}"
    if not was_a_pin_refused():
        raise SystemExit(said)
    sys.stderr.write(f"{said}\n")
    raise SystemExit(PIN_REFUSED)
