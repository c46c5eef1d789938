"""Everything on one machine: python -m deploy.demo (make demo); with --env, the environment for manage.py by hand."""

import argparse
import fcntl
import os
import shlex
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.demo.environment import DemoEnvironment
from deploy.demo.local_keys import LocalKeys
from deploy.demo.ports import Ports
from deploy.demo.problem import DemoProblem
from deploy.demo.supervisor import AskedToStop, Supervisor
from deploy.demo.welcome import welcome

ROOT = Path(__file__).resolve().parent.parent.parent
SANDBOX = {"vms": 60, "operation-seconds": 20, "seed": 1}
READY_SECONDS = 60.0


def _python(*arguments: object) -> list[str]:
    return [sys.executable, *map(str, arguments)]


def _sandbox_command(demo: DemoEnvironment) -> list[str]:
    options = SANDBOX | {
        "http-port": demo.ports.sandbox_http,
        "https-port": demo.ports.sandbox_https,
        "state-dir": demo.sandbox_folder,
    }
    return _python("-m", "sandbox", *(part for name, value in options.items() for part in (f"--{name}", value)))


def web_command(demo: DemoEnvironment) -> list[str]:
    """gunicorn, as in service but for its port."""
    config = ("--config", "deploy/gunicorn.conf.py", "--bind", f"127.0.0.1:{demo.ports.web}")
    return _python("-m", "gunicorn", *config, "portal.wsgi")


def _celery_command(*arguments: object) -> list[str]:
    return _python("-m", "celery", "--app", "portal", "--quiet", *arguments)


WORKER = _celery_command("worker", "--pool", "threads", "--concurrency", 4, "--without-gossip", "--without-mingle")
BEAT = _celery_command("beat")


def _answers(url: str) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    with (folder / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise DemoProblem(f"Another demo runs on {folder}: end it, or name another folder in DEMO_DIR.") from err
        yield


def run(demo: DemoEnvironment) -> None:
    """Starts one process after the other and stays until somebody asks to stop."""
    demo.ports.refuse_taken()
    sandbox_url = f"http://127.0.0.1:{demo.ports.sandbox_http}/_sandbox/health"
    portal_url = f"http://127.0.0.1:{demo.ports.web}/healthz"
    with Supervisor(cwd=ROOT) as supervisor:
        print("Starting the sandbox, a local Azure", flush=True)
        supervisor.start("sandbox", _sandbox_command(demo), demo.of_the_sandbox())
        supervisor.wait_until(lambda: _answers(sandbox_url), of="The sandbox", within_seconds=READY_SECONDS)
        supervisor.run("prepare", _python("-m", "deploy.demo.prepare"), demo.of("web"))
        print("Starting the portal: web, worker and beat", flush=True)
        supervisor.start("web", web_command(demo), demo.of("web"))
        supervisor.start("worker", WORKER, demo.of("worker"))
        supervisor.start("beat", BEAT, demo.of("beat"))
        supervisor.wait_until(lambda: _answers(portal_url), of="The portal", within_seconds=READY_SECONDS)
        print(welcome(demo.public_url, demo.folder / "mail"), flush=True)
        supervisor.watch()


def _print_environment(demo: DemoEnvironment) -> None:
    for name, value in demo.contract_of("web").items():
        print(f"export {name}={shlex.quote(value)}")


def main() -> int:
    """Exit code 0 when asked to stop, 1 when something went wrong."""
    parser = argparse.ArgumentParser(prog="python -m deploy.demo", description=__doc__)
    parser.add_argument("--env", action="store_true", help="print the web process's environment for a shell, and end")
    arguments = parser.parse_args()
    try:
        folder = (ROOT / os.environ.get("DEMO_DIR", "var")).resolve()
        ports, keys = Ports.chosen(os.environ), LocalKeys.in_folder(folder / "keys")
        demo = DemoEnvironment(ports, folder, keys, os.environ)
        if arguments.env:
            _print_environment(demo)
            return 0
        with _alone_in(folder):
            run(demo)
    except AskedToStop:
        print("Everything has ended.")
    except DemoProblem as problem:
        print(f"\nThe demo cannot go on. {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
