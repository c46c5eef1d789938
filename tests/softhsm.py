"""A security module for tests: SoftHSM, with a token of its own for each, in a folder of the test's."""

import os
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pkcs11
import pytest

from portal.security_module import sessions
from portal.security_module.uri import KeyUri

ABSENT = "SoftHSM not found: keys in a security module were NOT tested (on Debian: apt install softhsm2)"
FOLDERS = ("/usr/lib/softhsm", "/usr/lib64/softhsm", "/usr/local/lib/softhsm", "/opt/homebrew/lib/softhsm")


def needed(environment: Mapping[str, str]) -> str:
    """The module's path; skips the test where it is missing, and fails it in CI."""
    found = (Path(folder) / "libsofthsm2.so" for folder in FOLDERS)
    if path := next((path for path in found if path.is_file()), None):
        return str(path.resolve())  # a library that is loaded by two names refuses the second
    return (pytest.fail if environment.get("CI") else pytest.skip)(ABSENT)


@dataclass
class Token:
    """One token; its PIN is in a file, as in an installation."""

    folder: Path
    module: str
    label: str = "portal"

    @property
    def pin_file(self) -> Path:
        return self.folder / "pin"

    def uri(self, name: str, **others: str) -> str:
        parts = {"module-path": self.module, "pin-source": str(self.pin_file)} | others
        return f"pkcs11:token={self.label};object={name}?" + "&".join(f"{key}={value}" for key, value in parts.items())

    def place(self, name: str) -> KeyUri:
        return KeyUri.parse(self.uri(name))

    def make(self, label: str) -> None:
        """Another token of that label beside it."""
        pins = ["--so-pin", secrets.token_hex(8), "--pin", self.pin_file.read_text(encoding="utf-8")]
        command = ["softhsm2-util", "--init-token", "--free", "--label", label, *pins]
        subprocess.run(command, check=True, capture_output=True)

    def take_away(self) -> None:
        """As if it were pulled out: the module is there, with no token in it."""
        (self.folder / "tokens").rename(self.folder / "away")
        (self.folder / "tokens").mkdir()
        self.restart()  # SoftHSM looks for tokens once; a card reader would have told

    def bring_back(self) -> None:
        (self.folder / "tokens").rmdir()
        (self.folder / "away").rename(self.folder / "tokens")

    def restart(self) -> None:
        """What a session meets whose module was restarted: it is no session any more."""
        pkcs11.lib(self.module).finalize()


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Token]:
    module = needed(os.environ)
    folder = tmp_path / "module"
    (folder / "tokens").mkdir(parents=True)
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n", encoding="utf-8")
    monkeypatch.setenv("SOFTHSM2_CONF", str(settings))
    made = Token(folder, module)
    made.pin_file.write_text(secrets.token_hex(8), encoding="utf-8")
    made.pin_file.chmod(0o400)
    made.make(made.label)
    pkcs11.lib(module).reinitialize()  # it reads its settings once
    monkeypatch.setattr(sessions, "_wrong_pins", {})  # a process's own memory, and this process runs many tests
    yield made
    sessions.log_out()
    pkcs11.lib(module).finalize()
