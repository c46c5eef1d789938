"""One process at a time is at a place of anchors, and a place that is no longer told of is no longer counted."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0008_trigger_search_path'),
    ]

    operations = [
        migrations.AddField(
            model_name='auditanchor',
            name='held_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='auditanchor',
            name='retired_at',
            field=models.DateTimeField(null=True),
        ),
    ]
