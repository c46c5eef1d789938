"""PostgreSQL takes personal texts with their event alone, with a salt of 32 bytes, and redacts beside any forged event."""

from django.db import migrations

from portal.audit.limits import add_limits
from portal.audit.personal_triggers import install_personal_triggers


class Migration(migrations.Migration):
    dependencies = [("audit", "0011_texts_of_their_events")]

    operations = [
        migrations.RunPython(add_limits, migrations.RunPython.noop),
        migrations.RunPython(install_personal_triggers, migrations.RunPython.noop),
    ]
