"""Whether the log's tables and columns are as the migrations made them.

A view or a rule shows each reader another log, and so does a column of another type or collation, which decides what a
search finds and how a value is read.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from django.db import connection
from django.db.models import Model

from portal.audit.models import AuditCheckpoint, AuditEvent, AuditLeaf, AuditPersonalText, AuditSubtree
from portal.audit.verification.reading import Row, rows
from portal.audit.verification.verdict import Verdict

MODELS = (AuditEvent, AuditPersonalText, AuditLeaf, AuditSubtree, AuditCheckpoint)
TABLES = tuple(model._meta.db_table for model in MODELS)
_POSTGRESQL = """
    SELECT c.relname, pg_catalog.pg_table_is_visible(c.oid), c.relkind::text, c.relrowsecurity OR c.relispartition
      OR EXISTS (SELECT 1 FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid)
      OR EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent))
      OR EXISTS (SELECT 1 FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attgenerated <> '')
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND c.relname IN (%s, %s, %s, %s, %s)
      AND (n.nspname !~ '^pg_temp_' OR n.oid = pg_catalog.pg_my_temp_schema())
"""
# A column is to have its type's own collation, which is the database's: so it has in any locale, and after a dump. And
# a type of another schema may bear the same name.
_COLUMNS_ON_POSTGRESQL = """
    SELECT c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
      JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    WHERE c.relname IN (%s, %s, %s, %s, %s) AND pg_catalog.pg_table_is_visible(c.oid)
      AND t.typnamespace = 'pg_catalog'::regnamespace AND a.attcollation = t.typcollation
"""
# As SQLite itself takes a name: in any case, and up to a zero byte. What it made of the rows is another question.
_NAMED_SO = "SELECT type, sql FROM main.sqlite_master WHERE CAST(name AS text) LIKE %s"
_TAKEN_FOR = "PRAGMA main.table_list"
_COLUMNS_ON_SQLITE = {
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
    told = rows(_COLUMNS_ON_POSTGRESQL, TABLES)
    columns = {(table, column, kind.replace("character varying", "varchar")) for table, column, kind in told}
    made = {model._meta.db_table for model in MODELS if _columns_of(model) <= columns}
    verdict.found(f"{name} {OTHER}" for name in TABLES if name not in plain & made)


def _columns_of(model: type[Model]) -> set[Row]:
    """Table, name and type of each. There may be more, of a later version: nobody here reads them."""
    fields = model._meta.local_concrete_fields
    return {(model._meta.db_table, field.column, str(field.db_type(connection)).lower()) for field in fields}


def _of_sqlite() -> Iterator[str]:
    plain = _plain_on_sqlite()
    for model, (name, columns) in zip(MODELS, _COLUMNS_ON_SQLITE.items(), strict=True):
        told = rows(columns)
        is_made = _columns_of(model) <= {(name, column, of_type.lower()) for _, column, of_type, *_ in told}
        if name not in plain or not is_made or any(hidden for *_, hidden in told):
            yield f"{name} {OTHER}"
    for where, query in _NO_WHOLE_NUMBERS.items():
        if rows(query):
            yield f"{where}: a key is no whole number"


def _plain_on_sqlite() -> set[str]:
    """Tables that stand in the catalogue once, and are taken for such; before 3.37 SQLite does not tell the latter."""
    taken = {name for _, name, kind, *_ in rows(_TAKEN_FOR) if kind == "table"} or set(TABLES)
    return {name for name in taken.intersection(TABLES) if _is_plain(rows(_NAMED_SO, [name]))}


def _is_plain(found: Sequence[Row]) -> bool:
    declared = [str(sql).upper() for kind, sql in found if kind == "table"]
    return len(found) == len(declared) == 1 and "VIRTUAL" not in declared[0] and "COLLATE" not in declared[0]
