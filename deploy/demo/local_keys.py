"""Keys of one machine's demo, made once under var/keys. A real installation makes its own (see .env.example)."""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from deploy import audit_key
from deploy.sealing_key import make_private_key, public_key_of


@dataclass(frozen=True)
class LocalKeys:
    """What the contract asks for; the private keys are files that their owner may read."""

    secret_key: str
    sealing_public_key: str
    sealing_private_key_file: Path
    audit_signing_key_file: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Self:
        """The folder's keys; those that are missing are made."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        private_key_file = folder / "sealing-private.pem"
        if not private_key_file.exists():
            make_private_key(private_key_file)
        signing_key_file = folder / "audit-signing.pem"
        if not signing_key_file.exists():
            audit_key.make_private_key(signing_key_file)
        secret_key = _secret_key(folder / "secret-key")
        return cls(secret_key, public_key_of(private_key_file), private_key_file, signing_key_file)


def _secret_key(file: Path) -> str:
    file.touch(mode=0o600)
    if not file.stat().st_size:
        file.write_text(secrets.token_urlsafe(50), encoding="utf-8")
    return file.read_text(encoding="utf-8")
