"""PostgreSQL takes personal texts with their event alone, and redacts whatever others added beside the redaction."""

from django.db import migrations

from portal.audit.personal_triggers import install_personal_triggers


class Migration(migrations.Migration):
    dependencies = [("audit", "0011_texts_of_their_events")]

    operations = [migrations.RunPython(install_personal_triggers, migrations.RunPython.noop)]
