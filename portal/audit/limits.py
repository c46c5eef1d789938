"""What PostgreSQL refuses of whoever may add to the log: times that no page could show, rows that nobody could hold.

The log is append-only, so the web process could add such for good. A file of SQLite has no roles: whoever may add to
it may change it.
"""

from django.apps.registry import Apps
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

LIMITS = {
    ("audit_auditevent", "audit_event_is_of_our_time"): "occurred_at >= '2000-01-01' AND occurred_at < '9000-01-01'",
    ("audit_auditevent", "audit_event_can_be_held"): "octet_length(body) <= 1000000",  # LARGEST_BODY
    # What folding makes of a body's labels is twice as long at the most; the fields of MOST_TEXTS.
    ("audit_auditevent", "audit_event_columns_can_be_held"): (
        "octet_length(search_text) <= 2000000 AND octet_length(personal_fields) <= 513000"
    ),
    ("audit_auditpersonaltext", "audit_personal_text_can_be_held"): (
        "octet_length(text) <= 250000 AND octet_length(salt) = 32"  # LARGEST_TEXTS, SALT_BYTES
    ),
}
# Not asked of the rows that are there, which may be many: audit_verify tells what is wrong with those.
ADDING = [
    f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID"
    for (table, name), condition in LIMITS.items()
]
REMOVING = [f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}" for table, name in LIMITS]


def add_limits(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """For a migration; may be called again where there are more of them."""
    _execute(editor, REMOVING + ADDING)


def remove_limits(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """For undoing it."""
    _execute(editor, REMOVING)


def _execute(editor: BaseDatabaseSchemaEditor, statements: list[str]) -> None:
    if editor.connection.vendor == "postgresql":
        for statement in statements:
            editor.execute(statement, params=None)
