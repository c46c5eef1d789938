"""What SQLite itself finds wrong with its file. A value is often read from an index, which repeats a part of the row:
where the two differ, each reader sees another log. PostgreSQL has checksums of its pages for this, and its own tools.
"""

from collections.abc import Iterator

from django.db import connection

from portal.audit.models import AuditCheckpoint, AuditEvent, AuditLeaf, AuditPersonalText, AuditSubtree
from portal.audit.verification.reading import rows

_TABLES = [model._meta.db_table for model in (AuditEvent, AuditPersonalText, AuditLeaf, AuditSubtree, AuditCheckpoint)]


def damage() -> Iterator[str]:
    """Sentences, up to a hundred of each table; a second for every 100,000 events."""
    tables = _TABLES if connection.vendor == "sqlite" else []
    return (
        f"the file of the database is damaged at {table}: {words}" for table in tables for words in _found_at(table)
    )


def _found_at(table: str) -> list[str]:
    found = rows("SELECT integrity_check FROM pragma_integrity_check(%s)", [table])
    return [words for (words,) in found if words != "ok"]
