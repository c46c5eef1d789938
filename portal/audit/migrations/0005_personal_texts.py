"""Personal texts of events get a table of their own. What was recorded before stays as it is, and verifiable."""

import django.db.models.deletion
from django.db import migrations, models

from portal.audit.personal_triggers import install_personal_triggers, remove_personal_triggers
from portal.audit.triggers import install_triggers


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_sealed_log_append_only")]

    operations = [
        # SQLite rebuilds the table of events for the new column, there and back, and its triggers go with the old one.
        migrations.RunPython(migrations.RunPython.noop, install_triggers),
        migrations.AddField(
            model_name="auditevent",
            name="personal_fields",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.RunPython(install_triggers, migrations.RunPython.noop),
        migrations.CreateModel(
            name="AuditPersonalText",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("field", models.CharField(max_length=512)),
                ("salt", models.BinaryField(max_length=32)),
                ("text", models.TextField()),
                (
                    "event",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="personal_texts",
                        to="audit.auditevent",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("event", "field"), name="audit_personal_text_stands_once")
                ],
            },
        ),
        migrations.RunPython(install_personal_triggers, remove_personal_triggers),
    ]
