"""What a migration may not do to a table that people already use: the rules of docs/decisions/0013-…, as a function."""

from collections.abc import Iterator

from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import models
from django.db.migrations import Migration, operations
from django.db.models.constraints import BaseConstraint
from django.db.models.fields import NOT_PROVIDED

DATA = (operations.RunPython, operations.RunSQL)
SCHEMA = (operations.AddField, operations.AlterField, operations.CreateModel, operations.AddConstraint)


def rules_broken(migration: Migration) -> list[str]:
    """In sentences; empty if nobody has to wait for it. A table that the migration itself makes is nobody's yet."""
    new = {one.name_lower for one in migration.operations if isinstance(one, operations.CreateModel)}
    return [*_of_the_whole(migration), *(broken for one in migration.operations for broken in _of(one, new))]


def _of_the_whole(migration: Migration) -> Iterator[str]:
    concurrent = [one for one in migration.operations if isinstance(one, AddIndexConcurrently)]
    if concurrent and (migration.atomic or len(concurrent) < len(migration.operations)):
        yield "AddIndexConcurrently needs a migration of its own with atomic = False"
    kinds = [type(one) for one in migration.operations]
    if any(issubclass(kind, DATA) for kind in kinds) and any(issubclass(kind, SCHEMA) for kind in kinds):
        yield "data are not filled in by the migration that changes the table, but by batches afterwards"
    if AddConstraintNotValid in (base for kind in kinds for base in kind.__mro__) and any(
        issubclass(kind, ValidateConstraint) for kind in kinds
    ):
        yield "ValidateConstraint belongs in a later migration than AddConstraintNotValid"


def _of(operation: operations.base.Operation, new: set[str]) -> Iterator[str]:
    table = getattr(operation, "model_name_lower", "")
    if table in new:
        return
    match operation:
        case AddIndexConcurrently() | AddConstraintNotValid():
            return
        case operations.AddIndex():
            yield f"an index of {table} locks its writers out: use AddIndexConcurrently"
        case operations.AddConstraint(constraint=constraint):
            yield _constraint(table, constraint)
        case operations.AddField(name=name, field=field):
            yield from _field(f"{table}.{name}", field)
        case operations.AlterField(name=name):
            yield f"{table}.{name} may be rewritten: add another column, fill it by batches, remove the old one later"
        case operations.AlterUniqueTogether() | operations.AlterIndexTogether():
            yield f"{table}: use AddIndexConcurrently"


def _constraint(table: str, constraint: BaseConstraint) -> str:
    if isinstance(constraint, models.CheckConstraint):
        return (
            f"{constraint.name} makes {table} be read under a lock: use AddConstraintNotValid, then ValidateConstraint"
        )
    return f"{constraint.name} builds an index of {table} under a lock: build a unique index concurrently"


def _field(name: str, field: models.Field) -> Iterator[str]:
    if not field.null and field.db_default is NOT_PROVIDED:
        yield f"{name}: nullable, or with a database default"
    if field.unique or field.db_index:
        yield f"{name} comes with an index, which locks writers out: add the index concurrently afterwards"
