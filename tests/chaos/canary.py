"""A password and customData that are recognised in any spelling, and the search for them in whatever was written."""

import base64
import mmap
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

# The first word of each is letters and digits alone: JSON, HTML, URLs, SQL and repr() all leave it as it is.
WORDS = ("Canary7Zq", "Cloudy7Zq")
OF_PASSWORD = WORDS[:1]
PASSWORD = f'{WORDS[0]}-"é&<-Horse'
CUSTOM_DATA = f"#cloud-config {WORDS[1]}-data"


def password_of(number: int) -> str:
    """Each wish has its own, so that a machine that got another's is noticed. All begin alike."""
    return f"{PASSWORD}-{number}"


@cache
def needles(words: tuple[str, ...] = WORDS) -> tuple[bytes, ...]:
    """The spellings of the words: text of one and of two bytes, letters of either case, hex, base64, base64 twice."""
    found = set()
    for word in words:
        for spelled in (word, word.lower(), word.upper()):
            plain = spelled.encode()
            found |= {plain, plain.hex().encode(), plain.hex().upper().encode()}
            found |= {spelled.encode("utf-16-le"), spelled.encode("utf-16-be")}
        once = _within_base64(word.encode())
        found |= once.union(*map(_within_base64, once))
    return tuple(sorted(found))


def _within_base64(secret: bytes) -> set[bytes]:
    """What of its base64 is the same whatever stands before and behind it, for each place that it can begin at."""
    found = set()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + secret + bytes(2))
        found.add(encoded[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6])
    return found


def found_in(content: bytes | mmap.mmap, words: tuple[str, ...] = WORDS) -> bool:
    return any(content.find(needle) >= 0 for needle in needles(words))


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
