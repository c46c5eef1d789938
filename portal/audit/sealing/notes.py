"""Signed notes as C2SP writes them (https://c2sp.org/signed-note), with Ed25519. Pure: text and keys, nothing else."""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
_NAME = re.compile(r"[^\s+]+")


class NoteError(ValueError):
    """A note or key is not in its form; the message says what is wrong."""


@dataclass(frozen=True)
class VerifierKey:
    """A public key with the name that it signs under; as text NAME+KEYID+BASE64."""

    name: str
    public_bytes: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public_bytes).digest()[:4]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises NoteError for anything that is no verifier key."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except ValueError as err:
            raise NoteError(f"{text!r} is no verifier key: its last part is not base64.") from err
        if not _NAME.fullmatch(name) or len(raw) != 33 or raw[:1] != ED25519:
            raise NoteError(f"{text!r} is no verifier key: write NAME+KEYID+BASE64 of an Ed25519 key.")
        key = cls(name, raw[1:])
        if key.key_id.hex() != key_id:
            raise NoteError(f"{text!r} is no verifier key: name and key do not have the id {key_id!r}.")
        return key

    def __str__(self) -> str:
        encoded = base64.b64encode(ED25519 + self.public_bytes).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    @property
    def short(self) -> str:
        """Name and id, for people."""
        return f"{self.name}+{self.key_id.hex()}"


@dataclass(frozen=True)
class Signer:
    """A private key and the name that it signs under."""

    name: str
    private_key: Ed25519PrivateKey

    @property
    def verifier_key(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, self.private_key.public_key().public_bytes_raw())


@dataclass(frozen=True)
class Signature:
    """A line of a note: who claims to have signed, and with what."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True)
class SignedNote:
    """A text and its signatures, which are not verified yet."""

    text: str
    signatures: tuple[Signature, ...]

    def is_signed_by(self, key: VerifierKey) -> bool:
        """Whether one of the signatures is this key's, and true."""
        return any(_verifies(key, signature, self.text) for signature in self.signatures)

    def signers(self, keys: Sequence[VerifierKey]) -> list[VerifierKey | None]:
        """Whose each signature is, in their order; nobody's where it is false, or of none of these keys."""
        return [
            next((key for key in keys if _verifies(key, signature, self.text)), None) for signature in self.signatures
        ]


def sign(text: str, signers: Sequence[Signer]) -> str:
    """The text, an empty line, and one line per signer."""
    lines = []
    for signer in signers:
        signed = signer.verifier_key.key_id + signer.private_key.sign(text.encode())
        lines.append(f"— {signer.name} {base64.b64encode(signed).decode()}\n")
    return text + "\n" + "".join(lines)


def parse(note: str) -> SignedNote:
    """Takes a note apart; raises NoteError for what is none, such as what SQLite gives for a damaged row: bytes."""
    if not isinstance(note, str):
        raise NoteError("The note is no text.")
    text, separator, tail = note.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise NoteError("The note has no signatures.")
    return SignedNote(text + "\n", tuple(_signature(line) for line in tail.removesuffix("\n").split("\n")))


def _signature(line: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except ValueError as err:
        raise NoteError("A signature of the note is not base64.") from err
    # The last digit of base64 has bits that mean nothing: written in any other way, the line is not as it was signed.
    is_in_form = base64.b64encode(raw).decode() == encoded and len(raw) == 68
    if dash != "—" or not _NAME.fullmatch(name) or not is_in_form:
        raise NoteError("A signature line of the note is not in its form.")
    return Signature(name, raw[:4], raw[4:])


def _verifies(key: VerifierKey, signature: Signature, text: str) -> bool:
    if (signature.name, signature.key_id) != (key.name, key.key_id):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key.public_bytes).verify(signature.signature, text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True
