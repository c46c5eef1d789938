"""Makes a private key in a security module, from which it can never be taken:

    python -m deploy.module_key sealing URI             prints the public key for SEALING_PUBLIC_KEY
    python -m deploy.module_key audit URI PUBLIC_URL    prints the public key for AUDIT_PUBLIC_KEYS

URI names it (RFC 7512): pkcs11:token=portal;object=sealing?module-path=/path/module.so&pin-source=/path/pin. It then
stands in SEALING_PRIVATE_KEY_FILE or AUDIT_SIGNING_KEY_FILE. Both kinds are made as SoftHSM makes them; a module that
wants X25519 keys made otherwise has a tool for it.
"""

import secrets
import sys
from urllib.parse import urlsplit

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass
from pkcs11.exceptions import PKCS11Error

from deploy import audit_key, sealing_key
from portal.security_module.keys import ED25519_PARAMS, X25519_PARAMS, ModuleExchangeKey, ModuleSigningKey
from portal.security_module.sessions import KeyModuleError, log_in, reason
from portal.security_module.uri import KeyUri, KeyUriError

ID_BYTES = 16


class NoKeyMade(Exception):
    """The message says why."""


def make_sealing_key(place: KeyUri) -> str:
    """As SEALING_PUBLIC_KEY wants it. Raises NoKeyMade, and KeyModuleError for a key that was made and is no good."""
    _make(place, X25519_PARAMS[0], MechanismFlag.DERIVE)
    return sealing_key.public_text(ModuleExchangeKey(place))


def make_audit_key(place: KeyUri, public_url: str) -> str:
    """As AUDIT_PUBLIC_KEYS wants it; raises the same."""
    _make(place, ED25519_PARAMS[0], MechanismFlag.SIGN | MechanismFlag.VERIFY)
    return audit_key.public_text(ModuleSigningKey(place), public_url)


def _make(place: KeyUri, params: bytes, flags: MechanismFlag) -> None:
    try:
        with log_in(place, writable=True) as session:
            _refuse_to_replace(session, place)
            domain = session.create_domain_parameters(KeyType.EC_EDWARDS, {Attribute.EC_PARAMS: params}, local=True)
            domain.generate_keypair(
                mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
                capabilities=flags,
                store=True,
                label=place.label,
                id=place.key_id or secrets.token_bytes(ID_BYTES),
                private_template={Attribute.PRIVATE: True, Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
            )
    except (PKCS11Error, OSError) as err:
        raise NoKeyMade(f"No key was made. {place}: {reason(err)}.") from None
    except KeyModuleError as err:
        raise NoKeyMade(f"No key was made. {err}") from None


def _refuse_to_replace(session: pkcs11.Session, place: KeyUri) -> None:
    """Also one half alone: a pair of the same name would not be found beside it."""
    wanted = {Attribute.LABEL: place.label} if place.label is not None else {Attribute.ID: place.key_id}
    there = [*session.get_objects(wanted)]
    if any(item[Attribute.CLASS] in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY) for item in there):
        raise NoKeyMade(f"No key was made: the token holds one of the name {place} already.")


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
    except (KeyUriError, NoKeyMade) as err:
        print(err, file=sys.stderr)
        return 1
    except KeyModuleError as err:
        print(f"A key was made, but it could not be read back: look before you use it. {err}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
