"""Makes a private key in a security module, from which it can never be taken:

    python -m deploy.module_key sealing URI             prints the public key for SEALING_PUBLIC_KEY
    python -m deploy.module_key audit URI PUBLIC_URL    prints the public key for AUDIT_PUBLIC_KEYS

URI names it (RFC 7512): pkcs11:token=portal;object=sealing?module-path=/path/module.so&pin-source=/path/pin. It then
stands in SEALING_PRIVATE_KEY_FILE or AUDIT_SIGNING_KEY_FILE. Both kinds are made as SoftHSM makes them; a module that
wants X25519 keys made otherwise has a tool for it.
"""

import sys
from urllib.parse import urlsplit

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag
from pkcs11.exceptions import NoSuchKey, PKCS11Error

from deploy import audit_key, sealing_key
from portal.key_module import ED25519_PARAMS, X25519_PARAMS, KeyModuleError, ModuleExchangeKey, ModuleSigningKey, log_in
from portal.pkcs11_uri import KeyUri, KeyUriError


class KeyIsThere(Exception):
    """The token has a key of this name: nothing replaces it."""


def make_sealing_key(place: KeyUri) -> str:
    """As SEALING_PUBLIC_KEY wants it."""
    _make(place, X25519_PARAMS[0], MechanismFlag.DERIVE)
    return sealing_key.public_text(ModuleExchangeKey(place))


def make_audit_key(place: KeyUri, public_url: str) -> str:
    """As AUDIT_PUBLIC_KEYS wants it."""
    _make(place, ED25519_PARAMS[0], MechanismFlag.SIGN | MechanismFlag.VERIFY)
    return audit_key.public_text(ModuleSigningKey(place), public_url)


def _make(place: KeyUri, params: bytes, flags: MechanismFlag) -> None:
    with log_in(place, writable=True) as session:
        if _holds(session, place):
            raise KeyIsThere(f"No key was made: the token holds {place} already.")
        domain = session.create_domain_parameters(KeyType.EC_EDWARDS, {Attribute.EC_PARAMS: params}, local=True)
        stays = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
        domain.generate_keypair(
            mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
            capabilities=flags,
            store=True,
            label=place.label,
            id=place.key_id,
            private_template=stays,
        )


def _holds(session: pkcs11.Session, place: KeyUri) -> bool:
    try:
        session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=place.label, id=place.key_id)
    except NoSuchKey:
        return False
    return True


def main(arguments: list[str]) -> int:
    """1 where no key was made, 2 where it was not understood."""
    kind, *rest = arguments or [""]
    if not (
        (kind == "sealing" and len(rest) == 1) or (kind == "audit" and len(rest) == 2 and urlsplit(rest[1]).hostname)
    ):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        place = KeyUri.parse(rest[0])
        print(make_sealing_key(place) if kind == "sealing" else make_audit_key(place, rest[1]))
    except (KeyUriError, KeyIsThere, KeyModuleError) as err:
        print(err, file=sys.stderr)
        return 1
    except (PKCS11Error, OSError) as err:
        print(f"No key was made: {type(err).__name__} {err}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
