"""Whether the log's tables are tables, as the migrations made them: a view or a rule shows each reader another log."""

from collections import Counter
from collections.abc import Iterator

from django.db import connection

from portal.audit.models import AuditCheckpoint, AuditEvent, AuditLeaf, AuditPersonalText, AuditSubtree
from portal.audit.verification.reading import rows
from portal.audit.verification.verdict import Verdict

TABLES = tuple(
    model._meta.db_table for model in (AuditEvent, AuditPersonalText, AuditLeaf, AuditSubtree, AuditCheckpoint)
)
_POSTGRESQL = """
    SELECT c.relname, pg_catalog.pg_table_is_visible(c.oid), c.relkind::text, c.relrowsecurity OR c.relispartition
      OR EXISTS (SELECT 1 FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid)
      OR EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent))
      OR EXISTS (SELECT 1 FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND (a.attgenerated <> ''
        OR a.attname IN ('id', 'leaf_index', 'tree_size', 'level', 'index', 'sequence', 'event_id')
        AND a.atttypid NOT IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'uuid'::regtype)))
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND c.relname IN (%s, %s, %s, %s, %s)
      AND (n.nspname !~ '^pg_temp_' OR n.oid = pg_catalog.pg_my_temp_schema())
"""
_SQLITE = "SELECT name, type, sql FROM main.sqlite_master WHERE name IN (%s, %s, %s, %s, %s)"
_COLUMNS = {
    "audit_auditevent": "PRAGMA main.table_xinfo('audit_auditevent')",
    "audit_auditpersonaltext": "PRAGMA main.table_xinfo('audit_auditpersonaltext')",
    "audit_auditleaf": "PRAGMA main.table_xinfo('audit_auditleaf')",
    "audit_auditsubtree": "PRAGMA main.table_xinfo('audit_auditsubtree')",
    "audit_auditcheckpoint": "PRAGMA main.table_xinfo('audit_auditcheckpoint')",
}
# Keys that are whole numbers compare alike everywhere, here and in Python; texts and fractions do not.
_NO_WHOLE_NUMBERS = {
    "audit_auditevent.id": "SELECT 1 FROM audit_auditevent WHERE typeof(id) <> 'integer' LIMIT 1",
    "audit_auditleaf": (
        "SELECT 1 FROM audit_auditleaf WHERE typeof(leaf_index) <> 'integer' OR typeof(event_id) <> 'integer' LIMIT 1"
    ),
    "audit_auditpersonaltext.event_id": (
        "SELECT 1 FROM audit_auditpersonaltext WHERE typeof(event_id) <> 'integer' LIMIT 1"
    ),
}
OTHER = "is no table as the portal made it: whoever reads it may see another log than the portal"


def check_tables(verdict: Verdict) -> None:
    """What is no plain table of the portal's; and a second one of its name, which this role may read instead."""
    if connection.vendor == "sqlite":
        verdict.found(_of_sqlite())
        return
    found = rows(_POSTGRESQL, TABLES)
    for name, number in Counter(name for name, *_ in found).items():
        if number > 1:
            verdict.behind.append(f"{name} is there in {number} schemas: which one is read depends on who reads")
    plain = {name for name, is_read, kind, is_changed in found if is_read and kind == "r" and not is_changed}
    verdict.found(f"{name} {OTHER}" for name in TABLES if name not in plain)


def _of_sqlite() -> Iterator[str]:
    found = {name: (kind, str(sql)) for name, kind, sql in rows(_SQLITE, TABLES)}
    for name, columns in _COLUMNS.items():
        kind, sql = found.get(name, ("", ""))
        hidden = [column for *_, column in rows(columns) if column]
        if kind != "table" or "VIRTUAL" in sql[:20].upper() or hidden:
            yield f"{name} {OTHER}"
    for where, query in _NO_WHOLE_NUMBERS.items():
        if rows(query):
            yield f"{where}: a key is no whole number"
