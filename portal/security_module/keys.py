"""Keys of a security module as cryptography takes them: it signs, and agrees on the secret that opens a sealed value.

The private key stays inside. That the public half beside it is its own is proven each time, not believed: whoever can
write to the token, without its PIN, can put another one there.
"""

from typing import Any, NoReturn, Self

import pkcs11
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass

from portal.security_module.sessions import KeyModuleError, find_object, use_key
from portal.security_module.uri import KeyUri

# EC_PARAMS as an object identifier (RFC 8410) or as the name of the curve (PKCS#11 3.0, 2.3.10).
ED25519_PARAMS = (bytes.fromhex("06032b6570"), b"\x13\x0cedwards25519")
X25519_PARAMS = (bytes.fromhex("06032b656e"), b"\x13\x0acurve25519")
KEY_BYTES = 32
_OCTET_STRING = b"\x04\x20"
PROOF = b"\x00 proves that the private key is here"  # no line of text, so nothing else that is signed


class _StaysInside:
    """What a key of a module refuses, of either kind; a copy of it is itself."""

    _place: KeyUri

    def private_bytes(self, *_: Any, **__: Any) -> NoReturn:
        raise KeyModuleError(f"{self._place} never leaves its module.")

    private_bytes_raw = private_bytes

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


class ModuleSigningKey(_StaysInside, Ed25519PrivateKey):
    """Signs within the module. Raises KeyModuleError, also when it is made."""

    def __init__(self, place: KeyUri) -> None:
        self._place = place
        self._public = Ed25519PublicKey.from_public_bytes(_public_bytes(place, ED25519_PARAMS, "Ed25519"))
        self.sign(PROOF)

    def sign(self, data: Any) -> bytes:
        """Verified before it is believed: the log goes on from what is signed, and never behind it."""
        signature = use_key(self._place, lambda key: bytes(key.sign(bytes(data), mechanism=Mechanism.EDDSA)))
        try:
            self._public.verify(signature, data)
        except InvalidSignature:
            raise KeyModuleError(f"{self._place}: {_NOT_ITS_OWN}") from None
        return signature

    def public_key(self) -> Ed25519PublicKey:
        return self._public


class ModuleExchangeKey(_StaysInside, X25519PrivateKey):
    """Agrees on a secret within the module, as HPKE asks. Raises KeyModuleError, also when it is made.

    HPKE takes any error for a value that does not fit its key: `failure` tells a module that failed from that.
    """

    def __init__(self, place: KeyUri) -> None:
        self._place = place
        self.failure: KeyModuleError | None = None
        self._public = X25519PublicKey.from_public_bytes(_public_bytes(place, X25519_PARAMS, "X25519"))
        self.prove()

    def exchange(self, peer_public_key: X25519PublicKey) -> bytes:
        self.failure = None
        X25519PrivateKey.generate().exchange(peer_public_key)  # refuses a hostile point, which is no module's failure
        self.failure = KeyModuleError(f"{self._place}: it gave no answer.")
        try:
            agreed = use_key(self._place, lambda key: _agreed(key, peer_public_key.public_bytes_raw()))
        except KeyModuleError as err:
            self.failure = err
            raise
        self.failure = None
        return agreed

    def prove(self) -> None:
        """Raises KeyModuleError unless the module agrees with somebody else on what the public half leads to."""
        other = X25519PrivateKey.generate()
        if self.exchange(other.public_key()) != other.exchange(self._public):
            raise KeyModuleError(f"{self._place}: {_NOT_ITS_OWN}")

    def public_key(self) -> X25519PublicKey:
        return self._public


_NOT_ITS_OWN = "what the module computes does not fit the public half beside the key. Do not use it: find out why."


def _agreed(key: Any, peer: bytes) -> bytes:
    """X25519's value for one sealed text, which is all that comes out."""
    agreed = key.derive_key(
        KeyType.GENERIC_SECRET,
        KEY_BYTES * 8,
        mechanism=Mechanism.ECDH1_DERIVE,
        mechanism_param=(pkcs11.KDF.NULL, None, peer),
        template={Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True, Attribute.TOKEN: False},
    )
    try:
        return bytes(agreed[Attribute.VALUE])
    finally:
        agreed.destroy()  # the session is kept, and so would be its objects


def _public_bytes(place: KeyUri, params: tuple[bytes, ...], kind: str) -> bytes:
    def read(private_key: Any) -> bytes:
        if not private_key[Attribute.NEVER_EXTRACTABLE] or not private_key[Attribute.ALWAYS_SENSITIVE]:
            raise KeyModuleError(f"{place} was, or could be, outside of its module: make one that never leaves it.")
        if not private_key[Attribute.PRIVATE]:
            raise KeyModuleError(f"{place} is there for anybody, without a PIN: make one that is private.")
        own_id = bytes(private_key[Attribute.ID])
        public_key = find_object(private_key.session, place, ObjectClass.PUBLIC_KEY, key_id=own_id)
        if bytes(public_key[Attribute.EC_PARAMS]) not in params:
            raise KeyModuleError(f"{place} is another kind of key than {kind}.")
        point = bytes(public_key[Attribute.EC_POINT])
        if len(point) == KEY_BYTES + len(_OCTET_STRING):
            point = point.removeprefix(_OCTET_STRING)
        if len(point) != KEY_BYTES:
            raise KeyModuleError(f"{place}: its public half is no key.")
        return point

    return use_key(place, read)
