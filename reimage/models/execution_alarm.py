"""What keeps operations waiting and needs an administrator, as last told to them. The sweeper writes, pages read."""

from django.db import models


class AlarmKind(models.TextChoices):
    """What can keep operations waiting without anybody having meant it."""

    AZURE_REFUSES = "azure_refuses"
    SEALING_KEY_MISSING = "sealing_key_missing"
    STEP_KEEPS_CRASHING = "step_keeps_crashing"


class ExecutionAlarm(models.Model):
    """On while the row is there; `seen_at` is when an operation was last found waiting for it."""

    kind = models.CharField(max_length=32, choices=AlarmKind, unique=True)
    raised_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["kind"]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=AlarmKind.values), name="alarm_kind_is_known"),
        ]

    def __str__(self) -> str:
        return self.kind
