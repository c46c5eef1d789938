"""What SQLite itself finds wrong with its file. A value is often read from an index, which repeats a part of the row:
where the two differ, each reader sees another log. PostgreSQL has checksums of its pages for this, and its own tools.
"""

from collections.abc import Iterator

from django.db import connection

from portal.audit.verification.reading import rows

# Statements, not the function of that name: a table could take its place.
_CHECKS = {
    "audit_auditevent": "PRAGMA main.integrity_check('audit_auditevent')",
    "audit_auditpersonaltext": "PRAGMA main.integrity_check('audit_auditpersonaltext')",
    "audit_auditleaf": "PRAGMA main.integrity_check('audit_auditleaf')",
    "audit_auditsubtree": "PRAGMA main.integrity_check('audit_auditsubtree')",
    "audit_auditcheckpoint": "PRAGMA main.integrity_check('audit_auditcheckpoint')",
}


def damage() -> Iterator[str]:
    """Sentences, up to a hundred of each table; a second for every 100,000 events."""
    checks = _CHECKS if connection.vendor == "sqlite" else {}
    return (
        f"the file of the database is damaged at {table}: {words}"
        for table, check in checks.items()
        for (words,) in rows(check)
        if words != "ok"
    )
