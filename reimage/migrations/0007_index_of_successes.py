"""How long a reimage usually takes is asked of the last few: an index over those that succeeded."""

from django.db import migrations, models

from portal.migration_operations import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("reimage", "0006_count_crashes_and_calm_alarms"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="reimageoperation",
            index=models.Index(
                condition=models.Q(("state", "succeeded")), fields=["-finished_at"], name="operation_by_success"
            ),
        ),
    ]
