"""A supervisor with two made-up processes, for test_supervisor.py to end in every way. Each process tells its pid."""

import sys
from pathlib import Path

from deploy.demo.problem import DemoProblem
from deploy.demo.supervisor import AskedToStop, Supervisor

# Each says five thousand things when it gets SIGUSR2.
TALKS = """
def talk(name):
    signal.signal(signal.SIGUSR2, lambda *_: os.write(1, f"{name} talks\\n".encode() * 5000))
"""
# The first starts a process of its own, as a web server does, and leaves it behind when it ends.
FIRST = f"""
import os, signal, subprocess, sys
{TALKS}
talk("first")
helper = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print("first is", os.getpid(), flush=True)
print("helper is", helper.pid, flush=True)
while True:
    signal.pause()
"""
# The second says "no" to a polite request when it is stubborn, and dies of SIGUSR1 with some last words.
SECOND = f"""
import os, signal, sys
{TALKS}
talk("second")
if sys.argv[1:] == ["stubborn"]:
    signal.signal(signal.SIGTERM, lambda *_: os.write(1, b"no\\n"))
signal.signal(signal.SIGUSR1, lambda *_: sys.exit("the last words"))
print("second is", os.getpid(), flush=True)
while True:
    signal.pause()
"""


def main(arguments: list[str]) -> int:
    """As the demo's own main: 0 when asked to stop, 1 when a process ended."""
    try:
        with Supervisor(cwd=Path.cwd()) as supervisor:
            supervisor.start("first", [sys.executable, "-c", FIRST], {})
            supervisor.start("second", [sys.executable, "-c", SECOND, *arguments], {})
            supervisor.watch()
    except AskedToStop:
        sys.stdout.write("asked to stop\n")
    except DemoProblem as problem:
        sys.stdout.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
