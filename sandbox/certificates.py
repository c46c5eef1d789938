"""The throwaway certificate authority for https on loopback. Its files live in the state directory."""

import ssl
from pathlib import Path

import trustme


class Certificates:
    """Makes ca.pem (for clients) and the server's leaf once; a later start with the same directory reuses them."""

    def __init__(self, directory: Path, host: str) -> None:
        self.ca_file = directory / "ca.pem"
        self._ca_key_file = directory / "ca-key.pem"
        self._host = host
        self._leaf_file = directory / "server.pem"
        if not (self.ca_file.exists() and self._leaf_file.exists()):
            self._make()

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._leaf_file)
        return context

    def _make(self) -> None:
        ca = trustme.CA(organization_name="Reimage Portal sandbox, not Microsoft")
        leaf = ca.issue_cert(*dict.fromkeys((self._host, "localhost", "127.0.0.1", "::1")))
        write_private(self._ca_key_file, ca.private_key_pem.bytes())
        write_private(self._leaf_file, leaf.private_key_and_cert_chain_pem.bytes())
        ca.cert_pem.write_to_path(str(self.ca_file))


def write_private(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)
