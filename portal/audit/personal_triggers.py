"""The database's refusal to change a personal text, or to remove one that no event says is redacted.

PostgreSQL also refuses one that does not come with its event, in one transaction, or that this does not say it has:
whoever may add texts could add any number to any event. See triggers.py for its reasons.

The event of the redaction is about the text's own event, and names its field. Whoever may add events can add any that
looks like one, of any bytes: they are searched as bytes, and none that is larger than a redaction is read.
"""

from django.apps.registry import Apps
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_TABLE = "audit_auditpersonaltext"
_WORDS = "the audit log is append-only"
# SQLite keeps a UUID as 32 hexadecimal digits; in the event that is about it, it is written as people do.
_WITH_DASHES = " || '-' || ".join(f"substr(event.event_id, {start}, {size})" for start, size in
                                  ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12)))  # fmt: skip
_SQLITE = (
    f"""CREATE TRIGGER {_TABLE}_refuses_update BEFORE UPDATE ON {_TABLE}
        BEGIN SELECT RAISE(ABORT, '{_WORDS}: UPDATE is refused'); END""",
    f"""CREATE TRIGGER {_TABLE}_refuses_delete BEFORE DELETE ON {_TABLE}
        WHEN NOT EXISTS (
          SELECT 1 FROM audit_auditevent event JOIN audit_auditevent redaction ON redaction.target_id = {_WITH_DASHES}
          WHERE event.id = OLD.event_id AND redaction.action = 'audit.redacted'
            AND length(redaction.body) <= 200000
            AND instr(CAST(redaction.body AS TEXT), '"' || OLD.field || '"') > 0
        )
        BEGIN SELECT RAISE(ABORT, '{_WORDS}: DELETE without an event audit.redacted is refused'); END""",
    f"""CREATE TRIGGER {_TABLE}_refuses_replace BEFORE INSERT ON {_TABLE}
        WHEN EXISTS (SELECT 1 FROM {_TABLE} WHERE id = NEW.id)
          OR EXISTS (SELECT 1 FROM {_TABLE} WHERE event_id = NEW.event_id AND field = NEW.field)
        BEGIN SELECT RAISE(ABORT, '{_WORDS}: this place in it is taken'); END""",
)
_POSTGRESQL = (
    f"""CREATE FUNCTION audit_personal_text_is_append_only() RETURNS trigger LANGUAGE plpgsql
        SET search_path = pg_catalog, public, pg_temp AS $$
        BEGIN
          IF TG_OP = 'DELETE' THEN
            IF EXISTS (
              SELECT FROM audit_auditevent event
              JOIN audit_auditevent redaction ON redaction.target_id = event.event_id::text
              WHERE event.id = OLD.event_id AND redaction.action = 'audit.redacted'
                AND CASE WHEN octet_length(redaction.body) <= 200000  -- LARGEST_REDACTION
                    THEN position(convert_to('"' || OLD.field || '"', 'UTF8') IN redaction.body) > 0 END
            ) THEN
              RETURN OLD;
            END IF;
            RAISE EXCEPTION '{_WORDS}: DELETE without an event audit.redacted is refused'
              USING ERRCODE = 'restrict_violation';
          END IF;
          RAISE EXCEPTION '{_WORDS}: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
        END $$""",
    f"""CREATE FUNCTION audit_personal_text_is_of_its_event() RETURNS trigger LANGUAGE plpgsql
        SET search_path = pg_catalog, public, pg_temp AS $$
        DECLARE
          named text; number bigint; size bigint;
          this bigint := pg_current_xact_id()::text::bigint;
          since bigint; -- how many transactions ago the event came; modulo 2^32, and within a savepoint some later
        BEGIN
          SELECT personal_fields, (this - xmin::text::bigint) & 4294967295
          INTO named, since FROM audit_auditevent WHERE id = NEW.event_id;
          IF since >= 2147483648 THEN
            since := since - 4294967296;
          END IF;
          -- What is in sight, and not over, is this transaction's own.
          IF pg_xact_status((this - since)::text::xid8) IS DISTINCT FROM 'in progress' THEN
            RAISE EXCEPTION 'a text is added with its event' USING ERRCODE = 'check_violation';
          END IF;
          IF NEW.field = '' OR NEW.field <> ALL (string_to_array(named, ' ')) THEN
            RAISE EXCEPTION 'the event does not say that it has a text %', NEW.field USING ERRCODE = 'check_violation';
          END IF;
          SELECT count(*), COALESCE(SUM(octet_length(text)), 0) INTO number, size
          FROM {_TABLE} WHERE event_id = NEW.event_id;
          IF number >= 1000 OR size + octet_length(NEW.text) > 250000 THEN  -- MOST_TEXTS, LARGEST_TEXTS
            RAISE EXCEPTION 'the texts of the event are too many, or too long together'
              USING ERRCODE = 'check_violation';
          END IF;
          RETURN NEW;
        END $$""",
    f"""CREATE TRIGGER {_TABLE}_refuses_strangers BEFORE INSERT ON {_TABLE}
        FOR EACH ROW EXECUTE FUNCTION audit_personal_text_is_of_its_event()""",
    f"""CREATE TRIGGER {_TABLE}_refuses_change BEFORE UPDATE OR DELETE ON {_TABLE}
        FOR EACH ROW EXECUTE FUNCTION audit_personal_text_is_append_only()""",
    f"""CREATE TRIGGER {_TABLE}_refuses_truncate BEFORE TRUNCATE ON {_TABLE}
        FOR EACH STATEMENT EXECUTE FUNCTION audit_personal_text_is_append_only()""",
    f"ALTER TABLE {_TABLE} ENABLE ALWAYS TRIGGER {_TABLE}_refuses_change",
    f"ALTER TABLE {_TABLE} ENABLE ALWAYS TRIGGER {_TABLE}_refuses_truncate",
)
_INSTALLATION = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}
_REMOVAL = {
    "sqlite": tuple(f"DROP TRIGGER IF EXISTS {_TABLE}_refuses_{what}" for what in ("update", "delete", "replace")),
    "postgresql": (
        f"DROP TRIGGER IF EXISTS {_TABLE}_refuses_change ON {_TABLE}",
        f"DROP TRIGGER IF EXISTS {_TABLE}_refuses_truncate ON {_TABLE}",
        f"DROP TRIGGER IF EXISTS {_TABLE}_refuses_strangers ON {_TABLE}",
        "DROP FUNCTION IF EXISTS audit_personal_text_is_of_its_event()",
        "DROP FUNCTION IF EXISTS audit_personal_text_is_append_only()",
    ),
}


def install_personal_triggers(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Lets texts be added, and removed within a redaction; may be called again."""
    remove_personal_triggers(apps, schema_editor)
    for statement in _INSTALLATION[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


def remove_personal_triggers(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Takes the triggers away, for undoing the migration."""
    for statement in _REMOVAL[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)
