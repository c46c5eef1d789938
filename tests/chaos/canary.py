"""A password and customData that are recognised in any spelling, and the search for them in whatever was written."""

import base64
import json
import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

PASSWORD = 'Canary-"7é-Horse'
CUSTOM_DATA = "#cloud-config canary-7-data"


def password_of(number: int) -> str:
    """Each wish has its own, so that a machine that got another's is noticed. All begin alike."""
    return f"{PASSWORD}-{number}"


def needles() -> list[bytes]:
    """The spellings that a program could write them in; of base64 the part that is the same whatever follows."""
    found = set()
    for secret in (PASSWORD, CUSTOM_DATA):
        encoded = secret.encode()
        whole = base64.b64encode(encoded[: len(encoded) // 3 * 3])
        escaped, readable = json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]
        spelled = (secret, quote(secret), quote_plus(secret), escaped, readable, json.dumps(escaped)[1:-1])
        found |= {whole, *(text.encode() for text in spelled)}
    return sorted(found)


def found_in(content: bytes | mmap.mmap) -> bool:
    return any(content.find(needle) >= 0 for needle in needles())


def leaks_in_files(paths: Iterable[Path]) -> Iterator[str]:
    """The files that hold a needle."""
    for path in paths:
        try:
            if not path.is_file() or not path.stat().st_size:
                continue
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                if found_in(content):
                    yield str(path)
        except FileNotFoundError:  # a database removes files of its own while it runs
            continue


def leaks_in_texts(texts: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The names of the texts that hold a needle."""
    for name, text in texts:
        if found_in(text.encode("utf-8", "surrogateescape")):
            yield name
