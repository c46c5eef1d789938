"""Makes the key pair that signs the audit log: python deploy/audit_key.py FILE PUBLIC_URL

FILE, for the worker alone, gets the private key (Ed25519, PKCS8 PEM, mode 0400); the public key is printed for
AUDIT_PUBLIC_KEYS, in the form NAME+KEYID+BASE64 of https://c2sp.org/signed-note. The log's name is the host of
PUBLIC_URL and /audit; it stays the same if the portal moves.
"""

import base64
import hashlib
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def make_private_key(file: Path) -> None:
    """Raises FileExistsError rather than replace a key: only it can endorse the one that follows."""
    pem = Ed25519PrivateKey.generate().private_bytes(
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


def public_key_of(file: Path, public_url: str) -> str:
    """As AUDIT_PUBLIC_KEYS wants it."""
    private_key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(private_key, Ed25519PrivateKey):
        raise TypeError(f"{file} holds another kind of key than Ed25519.")
    return public_text(private_key, public_url)


def public_text(private_key: Ed25519PrivateKey, public_url: str) -> str:
    """The public half, as AUDIT_PUBLIC_KEYS wants it."""
    name, public = f"{urlsplit(public_url).hostname}/audit", b"\x01" + private_key.public_key().public_bytes_raw()
    key_id = hashlib.sha256(name.encode() + b"\n" + public).hexdigest()[:8]
    return f"{name}+{key_id}+{base64.b64encode(public).decode()}"


def main(arguments: list[str]) -> int:
    """1 where the file is there already or cannot be written."""
    if len(arguments) != 2 or not urlsplit(arguments[1]).hostname:
        print(__doc__, file=sys.stderr)
        return 2
    file = Path(arguments[0])
    try:
        make_private_key(file)
    except OSError as err:
        print(f"No key was made: {file}: {err.strerror}.", file=sys.stderr)
        return 1
    print(public_key_of(file, arguments[1]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
