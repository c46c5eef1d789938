"""Migrations hold no long lock: each rule finds who breaks it, and ours are held to them from the baseline on."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.db import connection, models
from django.db.migrations import AddConstraint, AddField, AddIndex, AlterField, CreateModel, Migration, RunPython
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from portal.migration_operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from tests.crashes.on_postgresql import only_on_postgresql
from tests.migration_rules import rules_broken

# Of each app the last migration that need not obey. Up to these there was no release, and no large table when they ran:
# some build indexes or check rows under a lock. What comes later meets tables that people use.
BASELINE = {
    "audit": "0009_anchor_places",
    "identity": "0003_session_by_person",
    "health": "0002_take_up_overdue_duties",
    "reimage": "0007_index_of_successes",
}

INDEX = models.Index(fields=["name"], name="by_name")
CHECK = models.CheckConstraint(condition=models.Q(name__gt=""), name="has_a_name")
UNIQUE = models.UniqueConstraint(fields=["name"], name="one_of_a_name")
MACHINE = CreateModel("Machine", [("id", models.BigAutoField(primary_key=True)), ("name", models.TextField())])


def migration(*operations: Operation, atomic: bool = True) -> Migration:
    made = Migration("0009_made_up", "reimage")
    made.operations, made.atomic = list(operations), atomic
    return made


def field(kind: models.Field) -> Operation:
    return AddField("machine", "region", kind)


BREAKING: dict[str, Migration] = {
    "an index under a lock": migration(AddIndex("machine", INDEX)),
    "an index beside something else": migration(
        AddIndexConcurrently("machine", INDEX), field(models.TextField(null=True)), atomic=False
    ),
    "an index within a transaction": migration(AddIndexConcurrently("machine", INDEX)),
    "a check that reads the table": migration(AddConstraint("machine", CHECK)),
    "a check, validated at once": migration(
        AddConstraintNotValid("machine", CHECK), ValidateConstraint("machine", CHECK.name)
    ),
    "a unique constraint": migration(AddConstraint("machine", UNIQUE)),
    "a column that must be filled": migration(field(models.TextField(default="x"))),
    "a unique column": migration(field(models.TextField(null=True, unique=True))),
    "a column with an index": migration(field(models.TextField(null=True, db_index=True))),
    "another type": migration(AlterField("machine", "name", models.IntegerField())),
    "data and columns together": migration(field(models.TextField(null=True)), RunPython(lambda _apps, _editor: None)),
}
HARMLESS: dict[str, Migration] = {
    "an index built meanwhile": migration(AddIndexConcurrently("machine", INDEX), atomic=False),
    "a check for what comes": migration(AddConstraintNotValid("machine", CHECK)),
    "a check, validated later": migration(ValidateConstraint("machine", CHECK.name)),
    "an empty column": migration(field(models.TextField(null=True))),
    "a column that the database fills": migration(field(models.TextField(db_default=""))),
    "a table of its own": migration(MACHINE, AddIndex("machine", INDEX), AddConstraint("machine", UNIQUE)),
    "data alone": migration(RunPython(lambda _apps, _editor: None)),
}


@pytest.mark.parametrize("name", BREAKING)
def test_whoever_holds_a_long_lock_is_found(name: str) -> None:
    assert len(rules_broken(BREAKING[name])) == 1


@pytest.mark.parametrize("name", HARMLESS)
def test_nobody_else_is(name: str) -> None:
    assert rules_broken(HARMLESS[name]) == []


def later_than_the_baseline(migrations: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(app, name) for app, name in migrations if app in BASELINE and name > BASELINE[app]]


def test_the_baseline_is_there_and_the_very_next_migration_is_held_to_the_rules() -> None:
    known = MigrationLoader(None).disk_migrations
    assert set(BASELINE.items()) <= set(known)
    following = [(app, f"{int(name[:4]) + 1:04}_next") for app, name in BASELINE.items()]
    assert later_than_the_baseline([*BASELINE.items(), *following]) == following


def test_ours_hold_to_the_rules_from_the_baseline_on() -> None:
    ours = {key: found for key, found in MigrationLoader(None).disk_migrations.items() if is_ours(found)}
    assert {app for app, _name in ours} == set(BASELINE)
    broken = {key: rules_broken(ours[key]) for key in later_than_the_baseline(ours)}
    assert {key: sentences for key, sentences in broken.items() if sentences} == {}


def is_ours(migration: Migration) -> bool:
    return type(migration).__module__.startswith(("portal.", "reimage."))


def apply(operation: Operation, before: ProjectState) -> ProjectState:
    after = before.clone()
    operation.state_forwards("reimage", after)
    with connection.schema_editor(atomic=False) as editor:
        operation.database_forwards("reimage", editor, before, after)
    return after


@pytest.fixture
def machine(transactional_db: None) -> Any:
    """A table with nothing but ids and names."""
    state = apply(MACHINE, ProjectState())
    yield state
    with connection.schema_editor() as editor:
        editor.delete_model(state.apps.get_model("reimage", "Machine"))


def constraints() -> dict[str, Any]:
    with connection.cursor() as cursor:
        return connection.introspection.get_constraints(cursor, "reimage_machine")


def test_what_is_to_be_used_instead_works_on_either_database(machine: ProjectState) -> None:
    state = apply(AddIndexConcurrently("machine", INDEX), machine)
    state = apply(AddConstraintNotValid("machine", CHECK), state)
    apply(ValidateConstraint("machine", CHECK.name), state)
    assert {INDEX.name, CHECK.name} <= constraints().keys()


@only_on_postgresql
def test_on_postgresql_the_check_is_validated_by_the_later_one_alone(machine: ProjectState) -> None:
    def is_valid() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT convalidated FROM pg_constraint WHERE conname = %s", [CHECK.name])
            return bool(cursor.fetchone()[0])

    state = apply(AddConstraintNotValid("machine", CHECK), machine)
    assert not is_valid()
    apply(ValidateConstraint("machine", CHECK.name), state)
    assert is_valid()
