"""What seals the log can only be added to either."""

from django.db import migrations

from portal.audit.seal_triggers import install_seal_triggers, remove_seal_triggers


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_sealed_log")]

    operations = [migrations.RunPython(install_seal_triggers, remove_seal_triggers)]
