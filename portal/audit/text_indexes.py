"""Indexes over parts of texts on PostgreSQL, by its own extension pg_trgm.

Without that extension, and on SQLite, searching for a part of a text reads the log: right, but slow for what is rare in
a long one.
"""

from django.apps.registry import Apps
from django.db import DatabaseError, connection, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from portal.audit.personal import ACTOR_NAME, LABELS

# upper() is what Django's icontains compares. The names are in the events themselves up to version 1 of their bodies.
INDEXES = {
    "audit_event_parts": (
        "CREATE INDEX IF NOT EXISTS audit_event_parts ON audit_auditevent USING gin "
        "(search_text gin_trgm_ops, upper(actor_name) gin_trgm_ops, upper(actor_object_id) gin_trgm_ops)"
    ),
    "audit_actor_name_parts": (
        "CREATE INDEX IF NOT EXISTS audit_actor_name_parts ON audit_auditpersonaltext "
        f"USING gin (upper(text) gin_trgm_ops) WHERE field = '{ACTOR_NAME}'"
    ),
    "audit_label_parts": (
        "CREATE INDEX IF NOT EXISTS audit_label_parts ON audit_auditpersonaltext "
        f"USING gin (upper(text) gin_trgm_ops) WHERE field ~ '{LABELS}'"
    ),
}


def install_text_indexes(_apps: Apps | None = None, _editor: BaseDatabaseSchemaEditor | None = None) -> bool:
    """Makes extension and indexes; may be called again. False where the database has no such extension for us."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        try:
            with transaction.atomic():
                cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        except DatabaseError:
            return False
        for statement in INDEXES.values():
            cursor.execute(statement)
    return True


def remove_text_indexes(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Takes the indexes away, for undoing the migration; the extension may be others' too."""
    for name in INDEXES:
        editor.execute(f"DROP INDEX IF EXISTS {name}")
