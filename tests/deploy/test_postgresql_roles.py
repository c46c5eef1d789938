"""The rights of the portal's processes on PostgreSQL, tried out as those roles."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction

from portal.audit.actors import Actor
from portal.audit.insertion import COLUMNS, MARKS, NAMES, row_of
from portal.audit.models import LARGEST_BODY, AuditCheckpoint, AuditEvent, AuditPersonalText
from portal.audit.personal import LARGEST_TEXTS, MOST_TEXTS, Personal
from portal.audit.redaction import Redaction, redact, texts_of_person
from portal.health import heartbeats
from portal.health.models import Heartbeat, ProcessRole
from tests.audit.events import record_event
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import TABLES, run
from tests.cast import ALICE, TENANT_ID

ANCHOR = "audit_auditanchor"
SEAL = ("audit_auditleaf", "audit_auditsubtree", "audit_auditcheckpoint")
ROLES = Path(__file__).resolve().parents[2] / "deploy" / "postgresql" / "roles.sql"
ALICE_KEY = (str(TENANT_ID), str(ALICE.object_id))
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="roles are PostgreSQL's"),
]
WEB, WORKER, AUDITOR = "reimage_portal_web", "reimage_portal_worker", "reimage_portal_auditor"
BEAT, REDACTOR = "reimage_portal_beat", "reimage_portal_redactor"
# What each may do to each table of the log; whatever is missing here, the role may not.
RIGHTS = {
    WEB: {"audit_auditevent": "SI", "audit_auditpersonaltext": "SI", **dict.fromkeys(SEAL, "S"), ANCHOR: "S"},
    WORKER: {"audit_auditevent": "SI", "audit_auditpersonaltext": "SI", **dict.fromkeys(SEAL, "SI"), ANCHOR: "SIU"},
    BEAT: {},
    AUDITOR: dict.fromkeys([*TABLES, ANCHOR], "S"),
    REDACTOR: {"audit_auditevent": "SI", "audit_auditpersonaltext": "SD", "audit_auditleaf": "S"},
}
SALT = "decode(repeat('00', 32), 'hex')"
INSERTION = f"INSERT INTO audit_auditpersonaltext (event_id, field, salt, text) VALUES (%s, %s, {SALT}, %s)"  # noqa: S608  # ours
LETTERS = {
    "S": "SELECT",
    "I": "INSERT",
    "U": "UPDATE",
    "D": "DELETE",
    "T": "TRUNCATE",
    "R": "REFERENCES",
    "G": "TRIGGER",
}


@pytest.fixture
def roles(db: None) -> None:
    """The script, twice: it may be run again."""
    with connection.cursor() as cursor:
        for _ in range(2):
            cursor.execute(ROLES.read_text(encoding="utf-8"))


@contextmanager
def as_role(role: str) -> Iterator[None]:
    """The block's statements run with this role's rights and no others."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        try:
            yield
        finally:
            cursor.execute("RESET ROLE")


@pytest.mark.parametrize(
    ("values", "limit"),
    [
        ({"occurred_at": "infinity"}, "audit_event_is_of_our_time"),
        ({"occurred_at": "0001-01-01 00:00:00+14"}, "audit_event_is_of_our_time"),
        ({"occurred_at": "9000-01-01 00:00:00Z"}, "audit_event_is_of_our_time"),
        ({"body": bytes(LARGEST_BODY + 1)}, "audit_event_can_be_held"),
        ({"search_text": "x" * 2_000_001}, "audit_event_columns_can_be_held"),
        ({"personal_fields": "x" * 513_001}, "audit_event_columns_can_be_held"),
    ],
)
def test_the_web_adds_no_event_that_nobody_could_read(roles: None, values: dict[str, object], limit: str) -> None:
    event = record_event()
    row = dict(zip(NAMES, row_of(vars(event)), strict=True)) | {"event_id": uuid4()} | values
    with pytest.raises(IntegrityError, match=limit), as_role(WEB), transaction.atomic():
        execute(f"INSERT INTO audit_auditevent ({COLUMNS}) VALUES ({MARKS})", list(row.values()))  # noqa: S608  # ours
    assert list(AuditEvent.objects.all()) == [event]


@pytest.mark.parametrize(
    ("field", "text", "refusal"),
    [
        ("/detail/b", "x" * (LARGEST_TEXTS + 1), "too long together"),
        ("/detail/b", "x" * LARGEST_TEXTS, "too long together"),
        ("/detail/c", "x", "does not say that it has a text /detail/c"),
        ("/detail", "x", "does not say that it has a text /detail"),
        ("/detail/a /detail/b", "x", "does not say that it has a text /detail/a /detail/b"),
        ("", "x", r"does not say that it has a text \n"),
    ],
)
def test_nor_a_text_that_nobody_could_hold_or_that_is_not_of_its_event(
    roles: None, field: str, text: str, refusal: str
) -> None:
    event = record_event(detail={"a": Personal("Alice"), "b": Personal("Aoki")})
    run("DELETE FROM audit_auditpersonaltext WHERE field = '/detail/b'")
    with pytest.raises(IntegrityError, match=refusal), as_role(WEB), transaction.atomic():
        execute(INSERTION, [event.pk, field, text])
    with as_role(WEB):
        execute(INSERTION, [event.pk, "/detail/b", "Aoki"])


def test_nor_one_more_than_an_event_has(roles: None) -> None:
    event = record_event(detail={"texts": [Personal("x")] * MOST_TEXTS})
    run("UPDATE audit_auditevent SET personal_fields = personal_fields || ' /detail/more'")
    with pytest.raises(IntegrityError, match="too many"), as_role(WEB), transaction.atomic():
        execute(INSERTION, [event.pk, "/detail/more", "x"])


def test_nor_a_salt_that_nobody_could_hold(roles: None) -> None:
    event = record_event(detail={"a": Personal("Alice")})
    run("DELETE FROM audit_auditpersonaltext")
    for size in ("0", "31", "33", "1000000"):
        with pytest.raises(IntegrityError, match="can_be_held"), as_role(WEB), transaction.atomic():
            execute(INSERTION.replace("32", size), [event.pk, "/detail/a", "x"])
    with as_role(WEB):
        execute(INSERTION, [event.pk, "/detail/a", "x"])


def test_a_text_of_no_field_is_not_of_an_event_without_any(roles: None) -> None:
    event = record_event()
    with pytest.raises(IntegrityError, match="does not say"), as_role(WEB), transaction.atomic():
        execute(INSERTION, [event.pk, "", "x"])


def execute(statement: str, parameters: list[object]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def test_the_owner_of_the_tables_may_make_more_though_a_superuser_runs_it(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE owner_of_tables; GRANT CREATE ON SCHEMA public TO owner_of_tables")
        cursor.execute("ALTER TABLE django_migrations OWNER TO owner_of_tables")
        cursor.execute("REVOKE CREATE ON SCHEMA public FROM owner_of_tables")
        cursor.execute(ROLES.read_text(encoding="utf-8"))
        cursor.execute("SELECT has_schema_privilege('owner_of_tables', 'public', 'CREATE')")
        assert cursor.fetchone() == (True,)


@pytest.mark.parametrize("role", RIGHTS)
def test_a_role_has_exactly_these_rights_to_the_log(roles: None, role: str) -> None:
    found = {}
    with connection.cursor() as cursor:
        for table in [*TABLES, ANCHOR]:
            held = ""
            for letter, right in LETTERS.items():
                cursor.execute("SELECT has_table_privilege(%s, %s, %s)", [role, table, right])
                held += letter if cursor.fetchone()[0] else ""
            found[table] = held
    assert {table: held for table, held in found.items() if held} == RIGHTS[role]


@pytest.mark.parametrize("role", [BEAT, AUDITOR, REDACTOR])
def test_a_role_for_one_thing_may_read_no_requests_and_no_people(roles: None, role: str) -> None:
    for table in ("reimage_reimagerequest", "identity_user", "reimage_sealedsecret", "identity_session"):
        refused = pytest.raises(ProgrammingError, match="permission denied")
        with as_role(role), refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608  # from the list above


def test_beat_may_write_its_heartbeat(roles: None) -> None:
    with as_role(BEAT):
        for _ in range(2):
            heartbeats.beat(role=ProcessRole.BEAT, identity="beat-1", silent_seconds=1)
        heartbeats.end(identity="beat-1")
    assert not Heartbeat.objects.exists()


CHANGES = [
    (role, statement, table)
    for role in RIGHTS
    for statement in ("UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0}")
    for table in TABLES
    if not (statement.startswith("DELETE") and "D" in RIGHTS[role].get(table, ""))  # the redactor's, tried below
]


@pytest.mark.parametrize(("role", "statement", "table"), CHANGES)
def test_nobody_may_change_the_log_or_its_seal(roles: None, role: str, statement: str, table: str) -> None:
    columns = {"audit_auditevent": "digest", "audit_auditleaf": "leaf_hash", "audit_auditpersonaltext": "salt"}
    column = columns.get(table, "root_hash")
    refused = pytest.raises(ProgrammingError, match="permission denied")
    with as_role(role), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table, column))


@pytest.mark.parametrize("role", [WEB, WORKER, AUDITOR])
def test_nobody_may_take_the_triggers_away(roles: None, role: str) -> None:
    refused = pytest.raises(DatabaseError, match="must be owner")
    with as_role(role), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_auditevent DISABLE TRIGGER USER")


def test_web_may_record_and_the_worker_may_seal_and_anchor(roles: None, log: SealedLog) -> None:
    with as_role(WEB):
        log.record(2)
    with as_role(WORKER):
        log.grow(1)
    assert AuditCheckpoint.objects.get().tree_size == 3


def test_web_may_not_seal(roles: None, log: SealedLog) -> None:
    with as_role(WEB):
        log.record(1)
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            log.seal()


def test_the_auditor_may_verify_and_not_record(roles: None, log: SealedLog) -> None:
    log.grow(3)
    with as_role(AUDITOR):
        assert log.verify().exit_code == 0
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            log.record(1)
    assert AuditEvent.objects.count() == 3


def by_alice() -> AuditEvent:
    return record_event(actor=Actor("person", ALICE_KEY[0], ALICE_KEY[1], "Alice Aoki"))


def redact_alice() -> Redaction:
    tenant_id, object_id = map(UUID, ALICE_KEY)
    texts = texts_of_person(tenant_id=tenant_id, object_id=object_id)
    return redact(texts=texts, reason="Left the company.", actor=Actor.system("test"))


def test_the_redactor_may_redact_and_nothing_besides(roles: None, log: SealedLog) -> None:
    by_alice()
    with as_role(REDACTOR):
        unexplained = pytest.raises(DatabaseError, match="DELETE without an event")
        with unexplained, transaction.atomic():
            AuditPersonalText.objects.all().redact()
        assert redact_alice() == Redaction(events=1, texts=1)
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            by_alice()  # it may not even keep a text
    log.grow(1)
    assert log.verify().exit_code == 0


@pytest.mark.parametrize("role", RIGHTS)
@pytest.mark.parametrize("table", ["TEMPORARY TABLE made", "TABLE public.made"])
def test_a_role_may_make_no_table(roles: None, role: str, table: str) -> None:
    refused = pytest.raises(ProgrammingError, match="permission denied")
    with as_role(role), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"CREATE {table} (id integer)")


def test_a_temporary_table_explains_no_removal(roles: None) -> None:
    """Were a role to have one all the same: it comes first in every search path that does not say otherwise."""
    by_alice()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE audit_auditevent AS TABLE public.audit_auditevent")
        cursor.execute(
            """INSERT INTO pg_temp.audit_auditevent (id, action, target_id, body) SELECT 9999999, 'audit.redacted',
               event_id::text, convert_to('"/actor/name"', 'UTF8') FROM public.audit_auditevent"""
        )
        cursor.execute(f"GRANT SELECT ON pg_temp.audit_auditevent TO {REDACTOR}")
        refused = pytest.raises(DatabaseError, match="DELETE without an event")
        with as_role(REDACTOR), refused, transaction.atomic():
            cursor.execute("DELETE FROM public.audit_auditpersonaltext")
        cursor.execute("DROP TABLE pg_temp.audit_auditevent")
    assert AuditPersonalText.objects.get().text == "Alice Aoki"


@pytest.mark.parametrize("role", [WEB, WORKER, AUDITOR])
def test_no_other_role_may_redact(roles: None, role: str) -> None:
    by_alice()
    with as_role(role), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        redact_alice()
    assert AuditPersonalText.objects.get().text == "Alice Aoki"
