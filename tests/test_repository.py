"""What the repository must not hold, and how what it needs is installed: read from the files that git knows."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from math import log2
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Made up for tests, and said to be by their names; each is the only secret that its line may hold.
INVENTED = re.compile(
    r"example|test|check|canary|sandbox|correct|horse|password|secret|placeholder|0{6}|1{6}", re.IGNORECASE
)
PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}")
# What services give out as credentials: https://docs.github.com/code-security/secret-scanning
TOKENS = re.compile(
    r"\bgh[pousr]_[A-Za-z0-9]{36}\b|\bAKIA[0-9A-Z]{16}\b|\bxox[abprs]-[A-Za-z0-9-]{20,}"
    r"|\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{20,}"
    r"|\b[A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{34}"  # Entra ID's client secrets
    r"|AccountKey=[A-Za-z0-9+/]{40,}"
)
ASSIGNED = re.compile(
    r"""(?:secret|password|passwd|token|api_?key|private_?key)\w*["']?\s*[:=]\s*["'](?!pkcs11:)([^"'\s{}$<>]{20,})["']""",
    re.IGNORECASE,
)
URL_WITH_PASSWORD = re.compile(r"\b[a-z][a-z+]*://[^\s/:@\"'`]*:([^\s/@\"'`{}]{8,})@")


def files() -> Iterator[tuple[str, str]]:
    """Path and text of each file of the repository; pictures are none."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file() and path.suffix not in (".png", ".ico", ".woff2", ".lock"):
            yield name, path.read_text(encoding="utf-8", errors="replace")


def secrets_in(text: str) -> list[str]:
    """What looks like a credential, and does not say of itself that it is invented."""
    found = [match.group() for pattern in (PRIVATE_KEY, TOKENS) for match in pattern.finditer(text)]
    found += [match.group(1) for match in ASSIGNED.finditer(text) if entropy(match.group(1)) > 3.5]
    found += [match.group(1) for match in URL_WITH_PASSWORD.finditer(text) if entropy(match.group(1)) > 3]
    return [secret for secret in found if not INVENTED.search(secret)]


def entropy(text: str) -> float:
    """Bits for each character; words have 3, random letters and digits more."""
    shares = [text.count(character) / len(text) for character in set(text)]
    return -sum(share * log2(share) for share in shares)


in_a_repository = pytest.mark.skipif(
    not (ROOT / ".git").exists() or not shutil.which("git"), reason="this is no clone: git knows what belongs to it"
)


@in_a_repository
@pytest.mark.asvs("V13.3.1")
def test_it_holds_no_secret() -> None:
    found = {name: secrets for name, text in files() if (secrets := secrets_in(text))}
    assert found == {}


@in_a_repository
def test_it_holds_no_file_that_keeps_secrets() -> None:
    keepers = re.compile(r"(^|/)(\.env|.*\.(pem|key|pfx|p12|sqlite3?|kdbx)|id_(rsa|ed25519))$")
    assert [name for name, _text in files() if keepers.search(name)] == []


@pytest.mark.parametrize(
    "text",
    [
        f"-----BEGIN {''}PRIVATE KEY-----\n" + "MC4CAQAwBQYDK2VwBCIEIAxYzQ7w9R3tU5iP1mK8nB6vF4gH2jL0",
        "token = 'gh" + "p_aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5'",
        "ENTRA_CLIENT_SECRET: 'kX9~" + "vQ2LmZ7.pR4sT8wY1nB6cD3fG5hJ0'",
        "postgres://portal:" + "x7Kq92mVbT4z@db.internal/portal",
    ],
)
def test_one_would_be_found(text: str) -> None:
    assert secrets_in(text) != []


@pytest.mark.asvs("V15.2.1")
def test_everything_is_installed_by_its_hash() -> None:
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("Makefile", ".ci/run")}
    texts |= {str(file): file.read_text(encoding="utf-8") for file in sorted((ROOT / "docs").glob("*.md"))}
    lines = [
        (name, line) for name, text in texts.items() for line in re.findall(r"^.*pip install .*$", text, re.MULTILINE)
    ]
    assert len(lines) >= 3
    assert [(name, line) for name, line in lines if "--require-hashes" not in line] == []
