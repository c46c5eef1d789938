"""How far the events have been streamed to a SIEM: a note, no evidence."""

from django.db import models


class AuditStream(models.Model):
    """A sink: `told` events have arrived there, up to `sending` may have. One process at a time holds it."""

    sink = models.CharField(max_length=16, unique=True)
    told = models.BigIntegerField(default=0)
    sending = models.BigIntegerField(default=0)
    held_until = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.sink} up to {self.told}"
