"""What a figure is measured on: a folder, a database and a broker of its own."""

from dataclasses import dataclass
from pathlib import Path


@dataclass
class Services:
    """Addresses; the embedded defaults where this machine has neither PostgreSQL nor Redis."""

    folder: Path
    database_url: str = ""
    broker_url: str = "filesystem://localhost"

    @property
    def name(self) -> str:
        """For the reader of a figure."""
        return "PostgreSQL, Redis" if self.database_url else "SQLite, filesystem"
