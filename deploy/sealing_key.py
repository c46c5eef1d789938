"""Makes the key pair that seals passwords: python deploy/sealing_key.py FILE

FILE, for the worker alone, gets the private key (X25519, PKCS8 PEM, mode 0400); the public key, the base64 of its 32
raw bytes, is printed for SEALING_PUBLIC_KEY.
"""

import base64
import os
import sys
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey


def make_private_key(file: Path) -> None:
    """Raises FileExistsError rather than replace a key: what was sealed for it could never be opened."""
    pem = X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    unfinished = file.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o400), "wb") as stream:
        stream.write(pem)
    try:
        os.link(unfinished, file)
    finally:
        unfinished.unlink()


def public_key_of(file: Path) -> str:
    """As SEALING_PUBLIC_KEY wants it."""
    private_key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(private_key, X25519PrivateKey):
        raise TypeError(f"{file} holds another kind of key than X25519.")
    return public_text(private_key)


def public_text(private_key: X25519PrivateKey) -> str:
    """The public half, as SEALING_PUBLIC_KEY wants it."""
    return base64.b64encode(private_key.public_key().public_bytes_raw()).decode()


def main(arguments: list[str]) -> int:
    """1 where the file is there already or cannot be written."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    file = Path(arguments[0])
    try:
        make_private_key(file)
    except OSError as err:
        print(f"No key was made: {file}: {err.strerror}.", file=sys.stderr)
        return 1
    print(public_key_of(file))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
