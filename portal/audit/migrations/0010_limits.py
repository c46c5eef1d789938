"""PostgreSQL refuses events that no page could show, and rows that nobody could hold."""

from django.db import migrations

from portal.audit.limits import add_limits, remove_limits


class Migration(migrations.Migration):
    dependencies = [("audit", "0009_anchor_places")]

    operations = [migrations.RunPython(add_limits, remove_limits)]
