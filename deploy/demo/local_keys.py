"""Keys of one machine's demo, made once under var/keys. A real installation makes its own (see .env.example)."""

import base64
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey


@dataclass(frozen=True)
class LocalKeys:
    """`sealing_public_key` is the base64 of 32 raw bytes; its private half is a PKCS8 PEM file for its owner alone."""

    secret_key: str
    sealing_public_key: str
    sealing_private_key_file: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Self:
        """The folder's keys; those that are missing are made."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        private_file = folder / "sealing-private.pem"
        private_pem = _kept(private_file, _new_private_key, mode=0o400)
        return cls(
            secret_key=_kept(folder / "secret-key", lambda: secrets.token_urlsafe(50).encode(), mode=0o600).decode(),
            sealing_public_key=_public_half(private_pem),
            sealing_private_key_file=private_file,
        )


def _kept(file: Path, make: Callable[[], bytes], *, mode: int) -> bytes:
    if not file.exists():
        unfinished = file.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
            stream.write(make())
        unfinished.rename(file)
    return file.read_bytes()


def _new_private_key() -> bytes:
    return X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public_half(private_pem: bytes) -> str:
    private_key = serialization.load_pem_private_key(private_pem, password=None)
    raw = private_key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return base64.b64encode(raw).decode()
