"""Schema changes that lock nobody out for long (docs/decisions/0013-…), also where the database is SQLite.

Django's own are for PostgreSQL alone; on another database the plain change is made, for which nobody waits there.
"""

from typing import Any

from django.contrib.postgres import operations as postgresql
from django.db.migrations import AddConstraint, AddIndex


class AddIndexConcurrently(postgresql.AddIndexConcurrently):
    """Builds the index while everybody goes on writing. In a migration of its own with `atomic = False`."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        kind = postgresql.AddIndexConcurrently if _is_postgresql(schema_editor) else AddIndex
        kind.database_forwards(self, app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        kind = postgresql.AddIndexConcurrently if _is_postgresql(schema_editor) else AddIndex
        kind.database_backwards(self, app_label, schema_editor, from_state, to_state)


class AddConstraintNotValid(postgresql.AddConstraintNotValid):
    """Holds for what is written from now on; a later migration's ValidateConstraint looks at what is there already."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        kind = postgresql.AddConstraintNotValid if _is_postgresql(schema_editor) else AddConstraint
        kind.database_forwards(self, app_label, schema_editor, from_state, to_state)


class ValidateConstraint(postgresql.ValidateConstraint):
    """Reads the table while everybody goes on writing; a constraint that was added plainly needs nothing more."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if _is_postgresql(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)


def _is_postgresql(schema_editor: Any) -> bool:
    return bool(schema_editor.connection.vendor == "postgresql")
