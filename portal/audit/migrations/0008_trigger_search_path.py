"""On PostgreSQL a session's temporary tables no longer stand in for the log's own where a trigger looks something up."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

FUNCTIONS = ("audit_event_is_append_only", "audit_seal_is_append_only", "audit_personal_text_is_append_only")


def fix_search_path(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Functions that an earlier version made; those of this one have it from the start."""
    if schema_editor.connection.vendor == "postgresql":
        for name in FUNCTIONS:
            schema_editor.execute(f"ALTER FUNCTION {name}() SET search_path = pg_catalog, public, pg_temp", params=None)


class Migration(migrations.Migration):
    dependencies = [("audit", "0007_stream")]

    operations = [migrations.RunPython(fix_search_path, migrations.RunPython.noop)]
