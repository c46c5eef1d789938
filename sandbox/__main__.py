"""Command line of the local Azure: python -m sandbox --http-port P --https-port Q --vms N …"""

import argparse
import gc
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sandbox.app import make_app
from sandbox.certificates import Certificates
from sandbox.entra.signing import SigningKey
from sandbox.ledger import Ledger
from sandbox.server import PortTakenError, listen, serve
from sandbox.settings import Settings
from sandbox.snapshot import Snapshot
from sandbox.world import World


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except PortTakenError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    http = listen(options.http_port, "--http-port")
    https = listen(options.https_port, "--https-port")
    settings = _settings(options, http.getsockname()[1], https.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="sandbox-") as throwaway:
        directory = Path(options.state_dir or throwaway)
        directory.mkdir(parents=True, exist_ok=True)
        certificates = Certificates(directory, settings.public_host)
        signing_key = SigningKey.kept_in(directory / "signing-key.pem")
        world = World(settings, Ledger(directory / "ledger.jsonl" if options.state_dir else None))
        snapshot = Snapshot(directory / "state.json") if options.state_dir else None
        if snapshot is not None:
            snapshot.restore(world)

        def save() -> None:
            if snapshot is not None:
                snapshot.save_if_changed(world)

        gc.freeze()  # the machines stay: collecting garbage need not look at 100,000 of them again
        print(f"sandbox: ready {settings.http_url} {settings.https_url} {certificates.ca_file}", flush=True)
        serve(make_app(world, signing_key, save), http, https, certificates.server_context())
    return 0


def _settings(options: argparse.Namespace, http_port: int, https_port: int) -> Settings:
    return Settings(
        http_port=http_port,
        https_port=https_port,
        vms=options.vms,
        operation_seconds=options.operation_seconds,
        seed=options.seed,
        public_host=options.public_host,
        page_size=options.page_size,
        resource_graph_lag_seconds=options.resource_graph_lag_seconds,
        activity_log_delay_seconds=options.activity_log_delay_seconds,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m sandbox", description="A local Azure, for demo and tests only.")
    parser.add_argument("--http-port", type=int, default=7080, help="sign-in pages and control API; 0 takes a free one")
    parser.add_argument("--https-port", type=int, default=7443, help="Resource Manager, Graph, tokens; 0 likewise")
    parser.add_argument("--vms", type=int, default=Settings.vms, help="how many virtual machines there are")
    parser.add_argument("--operation-seconds", type=float, default=Settings.operation_seconds, help="of a reimage")
    parser.add_argument("--seed", type=int, default=Settings.seed, help="same seed, same machines")
    parser.add_argument("--state-dir", help="keeps CA, keys and state across restarts (default: nothing is kept)")
    parser.add_argument("--public-host", default=Settings.public_host, help="host name in the URLs it gives out")
    parser.add_argument("--page-size", type=int, default=Settings.page_size, help="machines per page of a list")
    parser.add_argument("--resource-graph-lag-seconds", type=float, default=Settings.resource_graph_lag_seconds)
    parser.add_argument("--activity-log-delay-seconds", type=float, default=Settings.activity_log_delay_seconds)
    return parser


if __name__ == "__main__":
    sys.exit(main())
