"""An index for each thing that an auditor filters by; the one that nothing asked for goes."""

from django.db import migrations, models

from portal.audit.text_indexes import install_text_indexes, remove_text_indexes


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0005_personal_texts'),
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
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(condition=models.Q(('action', 'audit.redacted')), fields=['target_id'], name='audit_event_redaction'),
        ),
        migrations.RunPython(install_text_indexes, remove_text_indexes),
    ]
