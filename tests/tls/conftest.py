"""Certificates for localhost alone: by an authority that is trusted, and one that nobody knows."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.with_services import unprivileged


@dataclass(frozen=True)
class Certificates:
    """PEM files; the server's may be read by the user that PostgreSQL runs as."""

    folder: Path
    trusted: str
    unknown: str
    certificate: str
    key: str


@pytest.fixture(scope="module")
def certificates() -> Iterator[Certificates]:
    """In a folder that other users can enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="reimage-portal-tls-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        authority = trustme.CA()
        server = authority.issue_cert("localhost")
        made = Certificates(folder, *(str(folder / f"{name}.pem") for name in ("trusted", "unknown", "server", "key")))
        authority.cert_pem.write_to_path(made.trusted)
        trustme.CA().cert_pem.write_to_path(made.unknown)
        server.cert_chain_pems[0].write_to_path(made.certificate)
        server.private_key_pem.write_to_path(made.key)
        os.chmod(made.key, 0o600)
        if "user" in unprivileged():
            shutil.chown(made.key, unprivileged()["user"])
        yield made
