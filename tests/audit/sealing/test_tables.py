"""A view, a rule or a column of another type or collation shows readers different logs: the verifier looks for one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from django.db import connection

from portal.audit import text_indexes
from portal.audit.models import AuditEvent
from portal.audit.verification import tables
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import run

TAMPERED, BEHIND = 2, 3
ON_POSTGRESQL = connection.vendor == "postgresql"
OTHER = "audit_auditevent is no table as the portal made it: whoever reads it may see another log than the portal"
CHANGES = {
    "postgresql": {
        "view": [
            "SET CONSTRAINTS ALL IMMEDIATE",
            "ALTER TABLE audit_auditevent RENAME TO real_event",
            "CREATE VIEW audit_auditevent AS SELECT * FROM real_event",
        ],
        "rule": ["CREATE RULE nothing AS ON INSERT TO audit_auditevent DO ALSO NOTHING"],
        "row security": ["SET CONSTRAINTS ALL IMMEDIATE", "ALTER TABLE audit_auditevent ENABLE ROW LEVEL SECURITY"],
        "heir": ["CREATE TABLE heir () INHERITS (audit_auditevent)"],
    },
    "sqlite": {
        "view": [
            "ALTER TABLE audit_auditevent RENAME TO real_event",
            "CREATE VIEW audit_auditevent AS SELECT * FROM real_event",
        ],
        "generated": ["ALTER TABLE audit_auditevent ADD COLUMN more TEXT GENERATED ALWAYS AS ('x') VIRTUAL"],
    },
}[connection.vendor]


INDEXES_GONE = [f"DROP INDEX IF EXISTS {name}" for name in text_indexes.INDEXES]


def make_anew(table: str, old: str, new: str) -> None:
    """On SQLite, as its documentation advises for what ALTER TABLE cannot do."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [table])
        ((sql,),) = cursor.fetchall()
    assert old in sql
    run(
        f"ALTER TABLE {table} RENAME TO old_table",
        sql.replace(old, new),
        f"INSERT INTO {table} SELECT * FROM old_table",
        "DROP TABLE old_table",
    )


def execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_no_plain_table_is_named(log: SealedLog, story: list[AuditEvent], change: str) -> None:
    execute(*CHANGES[change])
    verdict = log.verify()
    assert verdict.exit_code == TAMPERED
    assert OTHER in verdict.tampered


@pytest.mark.skipif(not ON_POSTGRESQL, reason="SQLite has one schema a file")
def test_a_second_table_of_the_name_is_told(log: SealedLog, story: list[AuditEvent]) -> None:
    """As an honest copy that the verifier's role is led to, by its search_path."""
    execute("CREATE SCHEMA honest", "CREATE TABLE honest.audit_auditevent (LIKE public.audit_auditevent)")
    verdict = log.verify()
    assert verdict.exit_code == BEHIND
    assert "audit_auditevent is there in 2 schemas: which one is read depends on who reads" in verdict.behind


@pytest.mark.skipif(ON_POSTGRESQL, reason="a column has one type there")
def test_a_key_that_is_a_text_is_found(log: SealedLog, story: list[AuditEvent]) -> None:
    """A leaf's event would be another one for whoever compares the other way round."""
    columns = "id TEXT, event_id, occurred_at, action, outcome, actor_kind"
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pragma_table_info('audit_auditevent')")
        names = [name for (name,) in cursor.fetchall()]
    columns = ", ".join("id TEXT" if name == "id" else name for name in names)
    run(
        f"CREATE TABLE kept ({columns})",
        "INSERT INTO kept SELECT * FROM audit_auditevent",
        "DROP TABLE audit_auditevent",
        "ALTER TABLE kept RENAME TO audit_auditevent",
    )
    assert "audit_auditevent.id: a key is no whole number" in log.verify().tampered


@pytest.mark.skipif(ON_POSTGRESQL, reason="SQLite's own check of its file")
def test_a_table_of_its_name_does_not_stand_in_for_the_check(log: SealedLog, story: list[AuditEvent]) -> None:
    execute("CREATE VIRTUAL TABLE pragma_integrity_check USING fts5(integrity_check)")
    asked: list[str] = []
    with connection.execute_wrapper(lambda run, sql, *rest: (asked.append(sql), run(sql, *rest))[1]):
        assert log.verify().exit_code == 0
    assert "PRAGMA main.integrity_check('audit_auditevent')" in asked
    assert not [sql for sql in asked if "pragma_integrity_check" in sql]


@pytest.mark.skipif(not ON_POSTGRESQL, reason="SQLite keeps any type anywhere")
def test_keys_that_are_fractions_are_found(log: SealedLog, story: list[AuditEvent]) -> None:
    """Python would make the same whole number of two of them."""
    execute(
        "SET CONSTRAINTS ALL IMMEDIATE",
        "ALTER TABLE audit_auditpersonaltext ALTER event_id TYPE numeric",
    )
    named = OTHER.replace("audit_auditevent", "audit_auditpersonaltext")
    assert named in log.verify().tampered


COLUMNS = {
    "postgresql": {
        "collation": ['ALTER TABLE audit_auditpersonaltext ALTER text TYPE text COLLATE "C"'],
        "type": [
            "ALTER TABLE audit_auditpersonaltext DROP CONSTRAINT audit_personal_text_can_be_held",
            "ALTER TABLE audit_auditpersonaltext ALTER text TYPE json USING to_json(text)",
        ],
        "length": ["ALTER TABLE audit_auditpersonaltext ALTER field TYPE varchar(500)"],
        "domain": [
            "CREATE DOMAIN reworded AS text",
            "ALTER TABLE audit_auditpersonaltext ALTER text TYPE reworded",
        ],
        "a type of that name": [
            "CREATE SCHEMA pretence",
            "CREATE DOMAIN pretence.text AS pg_catalog.text",
            "ALTER TABLE audit_auditpersonaltext ALTER text TYPE pretence.text",
            "SET LOCAL search_path = pretence, pg_catalog, public",
        ],
    },
    "sqlite": {
        "collation": ['"text" text NOT NULL', '"text" text NOT NULL collate nocase'],
        "type": ['"text" text NOT NULL', '"text" numeric NOT NULL'],
        "length": ['"field" varchar(512)', '"field" varchar(500)'],
    },
}[connection.vendor]


@pytest.mark.parametrize("change", COLUMNS)
def test_a_column_of_another_type_or_collation_is_found(log: SealedLog, story: list[AuditEvent], change: str) -> None:
    """Values stay as they are, but what a search or an export finds by them does not."""
    if ON_POSTGRESQL:
        execute(*INDEXES_GONE, *COLUMNS[change])
    else:
        make_anew("audit_auditpersonaltext", *COLUMNS[change])
    assert OTHER.replace("audit_auditevent", "audit_auditpersonaltext") in log.verify().tampered


def test_more_columns_are_those_of_a_later_version(log: SealedLog, story: list[AuditEvent]) -> None:
    execute("ALTER TABLE audit_auditevent ADD COLUMN more varchar(8) NULL")
    assert log.verify().exit_code == 0


@pytest.mark.skipif(not ON_POSTGRESQL, reason="SQLite has one schema a file")
def test_a_decoy_in_another_schema_makes_no_table_of_a_view(log: SealedLog, story: list[AuditEvent]) -> None:
    execute(*CHANGES["view"], "CREATE SCHEMA decoy", "CREATE TABLE decoy.audit_auditevent (x int)")
    assert OTHER in log.verify().tampered


@pytest.mark.skipif(not ON_POSTGRESQL, reason="SQLite has no rules")
def test_a_rule_that_is_gone_is_none(log: SealedLog, story: list[AuditEvent]) -> None:
    execute(*CHANGES["rule"], "DROP RULE nothing ON audit_auditevent")
    assert log.verify().exit_code == 0


DECOY = "INSERT INTO sqlite_master (type, name, tbl_name, rootpage, sql) VALUES ('table', %s, %s, 2, %s)"
COLLATED = (
    "UPDATE sqlite_master SET name = {}, sql = replace(sql, 'text NOT', 'text COLLATE nocase NOT') "
    "WHERE name = 'audit_auditpersonaltext'"
)
OTHER_SPELLINGS = {
    "view": [
        "ALTER TABLE audit_auditpersonaltext RENAME TO real_texts",
        "CREATE VIEW AUDIT_AUDITPERSONALTEXT AS SELECT * FROM real_texts",
    ],
    "zero byte": [COLLATED.format("name || char(0)")],
    "bytes": [COLLATED.format("CAST(upper(name) AS blob)")],
}


@pytest.mark.skipif(ON_POSTGRESQL, reason="names are as they are spelled there")
@pytest.mark.parametrize("spelling", OTHER_SPELLINGS)
def test_a_decoy_in_the_catalogue_stands_in_for_no_other_spelling(
    log: SealedLog, story: list[AuditEvent], spelling: str
) -> None:
    """SQLite knows a table by its name in any case, and the decoy, which comes later, not at all."""
    name = "audit_auditpersonaltext"
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [name])
        ((sql,),) = cursor.fetchall()
        cursor.execute("PRAGMA writable_schema = ON")
        for statement in OTHER_SPELLINGS[spelling]:
            cursor.execute(statement)
        cursor.execute(DECOY, [name, name, sql.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS")])
        cursor.execute("PRAGMA writable_schema = RESET")  # what stands there is read again
    assert OTHER.replace("audit_auditevent", name) in log.verify().tampered


@dataclass(frozen=True)
class Catalogue:
    """What SQLite says of the log's tables: sound, but for what a test names."""

    declared: dict[str, tuple[str, str]] = field(default_factory=dict)
    taken_for: dict[str, str] = field(default_factory=dict)
    types: dict[tuple[str, str], str] = field(default_factory=dict)
    hidden: int = 0
    text_key: bool = False
    is_old: bool = False

    def answer(self, sql: str, parameters: Sequence[str] = ()) -> list[tuple[object, ...]]:
        if "sqlite_master" in sql:
            (name,) = parameters
            return [self.declared.get(name, ("table", f"CREATE TABLE {name} (id integer)"))]
        if "table_list" in sql:
            taken_for = dict.fromkeys(tables.TABLES, "table") | self.taken_for
            return [] if self.is_old else [("main", name, kind, 1, 0, 0) for name, kind in taken_for.items()]
        if "table_xinfo" in sql:
            columns = [column for model in tables.MODELS for column in tables._columns_of(model)]
            types = {(table, name): kind for table, name, kind in columns} | self.types
            return [(0, name, kind, 1, None, 1, self.hidden) for (table, name), kind in types.items() if table in sql]
        return [(1,)] if self.text_key and "typeof(id)" in sql else []


LEAF = "audit_auditleaf"
NO_LEAVES = [f"{LEAF} {tables.OTHER}"]


@pytest.mark.parametrize(
    ("catalogue", "found"),
    [
        (Catalogue(), []),
        (Catalogue(is_old=True), []),
        (Catalogue({LEAF: ("view", "CREATE VIEW")}), NO_LEAVES),
        (Catalogue({LEAF: ("view", "CREATE VIEW")}, is_old=True), NO_LEAVES),
        (Catalogue({LEAF: ("table", "CREATE VIRTUAL TABLE")}), NO_LEAVES),
        (Catalogue({LEAF: ("table", "x text collate x")}), NO_LEAVES),
        (Catalogue(taken_for={LEAF: "view"}), NO_LEAVES),
        (Catalogue(types={(LEAF, "leaf_hash"): "text"}), NO_LEAVES),
        (Catalogue(hidden=2), [f"{name} {tables.OTHER}" for name in tables.TABLES]),
        (Catalogue(text_key=True), ["audit_auditevent.id: a key is no whole number"]),
    ],
)
def test_what_sqlite_says_of_its_tables_is_judged(
    monkeypatch: pytest.MonkeyPatch, catalogue: Catalogue, found: list[str]
) -> None:
    """By its catalogue, whichever database the tests run on."""
    monkeypatch.setattr(tables, "rows", catalogue.answer)
    assert list(tables._of_sqlite()) == found
