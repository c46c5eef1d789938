"""The same refusal for what seals the log: leaves, subtrees, checkpoints. See triggers.py for its reasons."""

from django.apps.registry import Apps
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# The seal's tables, and what may be there only once: REPLACE must not take its place.
_SEAL = {
    "audit_auditleaf": ("leaf_index = NEW.leaf_index", "event_id = NEW.event_id"),
    "audit_auditsubtree": ("id = NEW.id", 'level = NEW.level AND "index" = NEW."index"'),
    "audit_auditcheckpoint": ("id = NEW.id", "tree_size = NEW.tree_size"),
}
_FUNCTION = """CREATE FUNCTION audit_seal_is_append_only() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
    BEGIN
      RAISE EXCEPTION 'the audit log is append-only: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
    END $$"""


def install_seal_triggers(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Makes the tables append-only; may be called again."""
    remove_seal_triggers(apps, schema_editor)
    if schema_editor.connection.vendor == "postgresql":
        statements = [_FUNCTION, *(statement for table in _SEAL for statement in _postgresql(table))]
    else:
        statements = [statement for table, places in _SEAL.items() for statement in _sqlite(table, places)]
    for statement in statements:
        schema_editor.execute(statement, params=None)


def remove_seal_triggers(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Takes the triggers away, for undoing the migration."""
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for table in _SEAL:
        for what in ("change", "truncate") if is_postgresql else ("update", "delete", "replace"):
            where = f" ON {table}" if is_postgresql else ""
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_refuses_{what}{where}", params=None)
    if is_postgresql:
        schema_editor.execute("DROP FUNCTION IF EXISTS audit_seal_is_append_only()", params=None)


def _sqlite(table: str, places: tuple[str, ...]) -> list[str]:
    taken = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {place})" for place in places)  # noqa: S608  # our own
    refusals = {
        "update": ("BEFORE UPDATE", "", "UPDATE is refused"),
        "delete": ("BEFORE DELETE", "", "DELETE is refused"),
        "replace": ("BEFORE INSERT", f"WHEN {taken}", "this place in it is taken"),
    }
    return [
        f"""CREATE TRIGGER {table}_refuses_{what} {when} ON {table} {condition}
            BEGIN SELECT RAISE(ABORT, 'the audit log is append-only: {words}'); END"""
        for what, (when, condition, words) in refusals.items()
    ]


def _postgresql(table: str) -> list[str]:
    return [
        f"""CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION audit_seal_is_append_only()""",
        f"""CREATE TRIGGER {table}_refuses_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION audit_seal_is_append_only()""",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_refuses_change",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_refuses_truncate",
    ]
