"""The RSA key that signs tokens, its public half as JWKS, and the verification of our own access tokens."""

from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from sandbox.certificates import write_private

Claims = dict[str, Any]


class SigningKey:
    KEY_ID = "sandbox-signing-key"

    def __init__(self, private_key: rsa.RSAPrivateKey) -> None:
        self._private_key = private_key
        self._public_key = private_key.public_key()

    @classmethod
    def generate(cls) -> "SigningKey":
        return cls(rsa.generate_private_key(public_exponent=65537, key_size=2048))

    @classmethod
    def kept_in(cls, file: Path) -> "SigningKey":
        """The key in this file, made at the first start."""
        if not file.exists():
            write_private(file, cls.generate()._pem())
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError(f"{file} holds no RSA key; delete it and start again")
        return cls(key)

    def sign(self, claims: Claims) -> str:
        return jwt.encode(claims, self._private_key, algorithm="RS256", headers={"kid": self.KEY_ID})

    def verify(self, token: str, audiences: list[str]) -> Claims:
        """The claims of an access token of ours. Raises jwt.InvalidTokenError."""
        claims: Claims = jwt.decode(token, self._public_key, algorithms=["RS256"], audience=audiences)
        return claims

    def jwks(self) -> dict[str, Any]:
        key = RSAAlgorithm.to_jwk(self._public_key, as_dict=True)
        return {"keys": [{**key, "kid": self.KEY_ID, "x5t": self.KEY_ID, "use": "sig", "alg": "RS256"}]}

    def _pem(self) -> bytes:
        return self._private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
