"""PostgreSQL refuses personal texts that their event does not say it has, and columns that nobody could hold."""

from django.db import migrations

from portal.audit.limits import add_limits
from portal.audit.personal_triggers import install_personal_triggers


class Migration(migrations.Migration):
    dependencies = [("audit", "0010_limits")]

    operations = [
        migrations.RunPython(add_limits, migrations.RunPython.noop),
        migrations.RunPython(install_personal_triggers, migrations.RunPython.noop),
    ]
