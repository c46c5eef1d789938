"""Finds a part of a text by an index on PostgreSQL, by its own extension pg_trgm.

Without that extension, and on SQLite, such a search reads the log from its newest event on: right, but slow for what is
rare in a long log.
"""

from django.apps.registry import Apps
from django.db import DatabaseError, connection, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

INDEX = "audit_event_parts_of_texts"
# One index for all three: an event is then put on one list of what is still to be sorted in. upper() is what Django's
# icontains compares.
_CREATE_INDEX = f"""
    CREATE INDEX IF NOT EXISTS {INDEX} ON audit_auditevent
    USING gin (search_text gin_trgm_ops, upper(actor_name) gin_trgm_ops, upper(actor_object_id) gin_trgm_ops)
"""


def install_text_search(_apps: Apps | None = None, _editor: BaseDatabaseSchemaEditor | None = None) -> bool:
    """Makes extension and index; may be called again. False where the database has no such extension for us."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        try:
            with transaction.atomic():
                cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        except DatabaseError:
            return False
        cursor.execute(_CREATE_INDEX)
    return True


def remove_text_search(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Takes the index away, for undoing the migration; the extension may be others' too."""
    editor.execute(f"DROP INDEX IF EXISTS {INDEX}")
