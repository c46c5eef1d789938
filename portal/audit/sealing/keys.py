"""Who may sign, and whom a verifier trusts. The private key is the sealer's alone: a file, or in a security module."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings

from portal.audit.sealing.notes import NoteError, Signer, VerifierKey
from portal.private_files import PrivateFileProblem, read_private_file
from portal.security_module.keys import ModuleSigningKey
from portal.security_module.sessions import KeyModuleError
from portal.security_module.uri import KeyUri, KeyUriError, is_key_uri

AFTER_LOSS = "after-loss:"


class SigningKeyProblem(Exception):
    """The signing key, or the list of public keys, cannot be used; the message says why and how to mend it."""


@dataclass(frozen=True)
class TrustedKey:
    """A public key of the log. Each but the first was endorsed by the one before, unless that one had been lost."""

    key: VerifierKey
    after_loss: bool = False


def default_origin() -> str:
    """The log's name until its first checkpoint; from then on the checkpoints' own, wherever the portal moves."""
    return f"{urlsplit(settings.PUBLIC_URL).hostname}/audit"


def signing_key() -> Ed25519PrivateKey:
    """This process's key. Raises SigningKeyProblem where it has none that can be used."""
    if not settings.AUDIT_SIGNING_KEY_FILE:
        raise SigningKeyProblem("AUDIT_SIGNING_KEY_FILE is not set: make a key with deploy/audit_key.py.")
    return read_signing_key(settings.AUDIT_SIGNING_KEY_FILE)


def read_signing_key(place: str) -> Ed25519PrivateKey:
    """The key of a file, or of a security module by its URI.

    Raises SigningKeyProblem for one that is missing, is readable by others, or is another kind of key.
    """
    try:
        return ModuleSigningKey(KeyUri.parse(place)) if is_key_uri(place) else _key_of_file(Path(place))
    except (KeyUriError, KeyModuleError) as err:
        raise SigningKeyProblem(f"The audit signing key cannot be used. {err}") from None
    except PrivateFileProblem as err:
        raise SigningKeyProblem(f"The audit signing key {place} {err}.") from None


def _key_of_file(file: Path) -> Ed25519PrivateKey:
    content = read_private_file(file)
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError):
        raise SigningKeyProblem(f"The audit signing key {file} is no PEM file without a password.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyProblem(f"The audit signing key {file} is another kind of key than Ed25519.")
    return key


def trusted_keys(text: str | None = None) -> list[TrustedKey]:
    """AUDIT_PUBLIC_KEYS, oldest first; raises SigningKeyProblem for what is no list of keys, each once."""
    entries = (settings.AUDIT_PUBLIC_KEYS if text is None else text).replace("\n", ",").split(",")
    try:
        found = [_trusted(entry.strip()) for entry in entries if entry.strip()]
    except NoteError as err:
        raise SigningKeyProblem(f"AUDIT_PUBLIC_KEYS cannot be used. {err}") from err
    if doubled := [entry for entry, count in Counter(entry.key for entry in found).items() if count > 1]:
        raise SigningKeyProblem(
            f"AUDIT_PUBLIC_KEYS cannot be used. It names {doubled[0].short} twice; a key signs for one part of the log."
        )
    return found


def current_and_following(current: VerifierKey) -> list[VerifierKey]:
    """The key that signs now, and those that follow it; all of the list where that does not name it.

    A retired key can say nothing about what came after it: who has it, and the anchor file, would stop the sealing.
    """
    listed = [entry.key for entry in trusted_keys()]
    return [current, *(listed[listed.index(current) :] if current in listed else listed)]


def refuse_unlisted(signer: Signer) -> None:
    """Raises SigningKeyProblem for a key that no verifier would trust: all that it signs would count as forged."""
    listed = [entry.key for entry in trusted_keys()]
    if listed and signer.verifier_key not in listed:
        raise _unlisted(signer.verifier_key)


def refuse_unlisted_whatever_its_name() -> None:
    """The same before the database is asked what the log is called: this process's key, under any name."""
    key, listed = signing_key(), trusted_keys()
    own = Signer(listed[-1].key.name if listed else default_origin(), key).verifier_key
    if listed and own.public_bytes not in [entry.key.public_bytes for entry in listed]:
        raise _unlisted(own)


def _unlisted(key: VerifierKey) -> SigningKeyProblem:
    return SigningKeyProblem(
        "AUDIT_PUBLIC_KEYS does not name the key in AUDIT_SIGNING_KEY_FILE. Put the log's own key back; or, if this "
        f"one is meant to sign, add it at the end of the list (behind {AFTER_LOSS} if the one before was lost): {key}"
    )


def _trusted(entry: str) -> TrustedKey:
    return TrustedKey(VerifierKey.parse(entry.removeprefix(AFTER_LOSS)), entry.startswith(AFTER_LOSS))
