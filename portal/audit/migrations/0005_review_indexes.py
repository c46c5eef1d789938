"""An index for each thing that an auditor filters by; the one that nothing asked for goes."""

from django.db import migrations, models

from portal.audit.text_search import install_text_search, remove_text_search


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0004_sealed_log_append_only'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='auditevent',
            name='audit_event_by_target',
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(condition=models.Q(('outcome', 'success'), _negated=True), fields=['outcome', '-occurred_at', '-id'], name='audit_event_not_done'),
        ),
        migrations.RunPython(install_text_search, remove_text_search),
    ]
