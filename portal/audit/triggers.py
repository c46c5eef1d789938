"""The database's own refusal to change or remove a recorded event, whoever asks.

A migration that rebuilds the table (SQLite does so for most changes of columns) loses its triggers and must call
`install_triggers` again.
"""

from django.apps.registry import Apps
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# An INSERT OR REPLACE removes the old row without firing its DELETE trigger (https://sqlite.org/lang_conflict.html).
_SQLITE = (
    """CREATE TRIGGER audit_event_refuses_update BEFORE UPDATE ON audit_auditevent
       BEGIN SELECT RAISE(ABORT, 'the audit log is append-only: UPDATE is refused'); END""",
    """CREATE TRIGGER audit_event_refuses_delete BEFORE DELETE ON audit_auditevent
       BEGIN SELECT RAISE(ABORT, 'the audit log is append-only: DELETE is refused'); END""",
    """CREATE TRIGGER audit_event_refuses_replace BEFORE INSERT ON audit_auditevent
       WHEN EXISTS (SELECT 1 FROM audit_auditevent WHERE id = NEW.id)
         OR EXISTS (SELECT 1 FROM audit_auditevent WHERE event_id = NEW.event_id)
         OR EXISTS (SELECT 1 FROM audit_auditevent WHERE subject = NEW.subject AND sequence = NEW.sequence)
       BEGIN SELECT RAISE(ABORT, 'the audit log is append-only: this place in it is taken'); END""",
)
_SQLITE_REMOVAL = tuple(
    f"DROP TRIGGER IF EXISTS audit_event_refuses_{what}" for what in ("update", "delete", "replace")
)
# ENABLE ALWAYS: session_replication_role = replica does not silence them.
_POSTGRESQL = (
    """CREATE FUNCTION audit_event_is_append_only() RETURNS trigger LANGUAGE plpgsql
       SET search_path = pg_catalog, public, pg_temp AS $$
       BEGIN
         RAISE EXCEPTION 'the audit log is append-only: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
       END $$""",
    """CREATE TRIGGER audit_event_refuses_change BEFORE UPDATE OR DELETE ON audit_auditevent
       FOR EACH ROW EXECUTE FUNCTION audit_event_is_append_only()""",
    """CREATE TRIGGER audit_event_refuses_truncate BEFORE TRUNCATE ON audit_auditevent
       FOR EACH STATEMENT EXECUTE FUNCTION audit_event_is_append_only()""",
    "ALTER TABLE audit_auditevent ENABLE ALWAYS TRIGGER audit_event_refuses_change",
    "ALTER TABLE audit_auditevent ENABLE ALWAYS TRIGGER audit_event_refuses_truncate",
)
_POSTGRESQL_REMOVAL = (
    "DROP TRIGGER IF EXISTS audit_event_refuses_change ON audit_auditevent",
    "DROP TRIGGER IF EXISTS audit_event_refuses_truncate ON audit_auditevent",
    "DROP FUNCTION IF EXISTS audit_event_is_append_only()",
)
_INSTALLATION = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}
_REMOVAL = {"sqlite": _SQLITE_REMOVAL, "postgresql": _POSTGRESQL_REMOVAL}


def install_triggers(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Makes the table append-only; may be called again. A database other than the two is a KeyError."""
    remove_triggers(_apps, schema_editor)
    for statement in _INSTALLATION[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


def remove_triggers(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Takes the triggers away, for undoing the migration."""
    for statement in _REMOVAL[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)
