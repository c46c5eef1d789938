"""The kill switch. One row, which every intent reads under a lock and a pause therefore cannot slip past."""

from django.db import models
from django.db.models import Q


class ExecutionPause(models.Model):
    """Paused while `paused_at` is set. Who switched last stays known, for whoever comes second."""

    SINGLETON = 1

    paused_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    changed_by = models.CharField(max_length=256, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="pause_is_one_row"),
            models.CheckConstraint(condition=Q(paused_at__isnull=True) | ~Q(reason=""), name="pause_has_a_reason"),
        ]

    def __str__(self) -> str:
        return "paused" if self.paused_at else "running"
