"""From here on the database itself refuses to change or remove an event."""

from django.db import migrations

from portal.audit.triggers import install_triggers, remove_triggers


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [migrations.RunPython(install_triggers, remove_triggers)]
