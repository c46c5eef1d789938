"""One spelling for one document, so that a digest binds what it says and not how it was written.

Restricted RFC 8785: sorted keys, no floats, strings in Unicode normal form C, UTF-8, no spare space.
"""

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence

from reimage.domain.errors import DomainError


class CanonicalError(DomainError):
    """The document holds something that has no one spelling."""


def canonical_json(document: object) -> bytes:
    plain = _plain(document)
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError as err:
        raise CanonicalError("a lone surrogate has no UTF-8") from err


def canonical_digest(document: object) -> str:
    """SHA-256 of the canonical bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(document)).hexdigest()


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return _plain_mapping(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_plain(item) for item in value]
    raise CanonicalError(f"{type(value).__name__} has no canonical spelling")


def _plain_mapping(mapping: Mapping[object, object]) -> dict[object, object]:
    if not all(isinstance(key, str) for key in mapping):
        raise CanonicalError("keys must be text")
    plain = {_plain(key): _plain(value) for key, value in mapping.items()}
    if len(plain) < len(mapping):
        raise CanonicalError("two keys are one and the same in normal form")
    return plain
