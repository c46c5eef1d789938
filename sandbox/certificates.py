"""The throwaway certificate authority for https on loopback. Its files live in the state directory."""

import ssl
from pathlib import Path

import trustme


class Certificates:
    """Makes the authority and a leaf for the host once; a later start with the same directory reuses them."""

    def __init__(self, directory: Path, host: str) -> None:
        self.ca_file = directory / "ca.pem"
        self._ca_key_file = directory / "ca-key.pem"
        self._leaf_file = directory / f"server-{host}.pem"
        if not self._leaf_file.exists():
            self._issue_leaf(host)

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._leaf_file)
        return context

    def _issue_leaf(self, host: str) -> None:
        leaf = self._authority().issue_cert(*dict.fromkeys((host, "localhost", "127.0.0.1", "::1")))
        write_private(self._leaf_file, leaf.private_key_and_cert_chain_pem.bytes())

    def _authority(self) -> trustme.CA:
        if self.ca_file.exists() and self._ca_key_file.exists():
            return trustme.CA.from_pem(self.ca_file.read_bytes(), self._ca_key_file.read_bytes())
        authority = trustme.CA(organization_name="Reimage Portal sandbox, not Microsoft")
        write_private(self._ca_key_file, authority.private_key_pem.bytes())
        authority.cert_pem.write_to_path(str(self.ca_file))
        return authority


def write_private(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)
