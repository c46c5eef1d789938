"""How far a SIEM has been told."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0006_review_indexes'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditStream',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sink', models.CharField(max_length=16, unique=True)),
                ('told', models.BigIntegerField(default=0)),
                ('sending', models.BigIntegerField(default=0)),
                ('held_until', models.DateTimeField(null=True)),
                ('failing_since', models.DateTimeField(null=True)),
            ],
        ),
    ]
