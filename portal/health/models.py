"""Signs of life: one row per running process, one per duty. All times are the database's."""

from django.db import models


class ProcessRole(models.TextChoices):
    """The processes whose silence a web request cannot notice by itself."""

    WORKER = "worker"
    BEAT = "beat"


class Heartbeat(models.Model):
    """A process: when it began, was last alive, and last had to do with the broker (worker: heard, beat: published)."""

    role = models.CharField(max_length=8, choices=ProcessRole)
    identity = models.CharField(max_length=32, unique=True)  # random, so that it tells nothing of the host
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    heard_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["role", "seen_at"], name="heartbeat_by_role")]

    def __str__(self) -> str:
        return f"{self.role} {self.identity}"


class DutyRun(models.Model):
    """Something that has to happen again and again: when it last came to its end, and was last taken up as overdue."""

    name = models.CharField(max_length=32, unique=True)
    ended_at = models.DateTimeField(null=True)
    taken_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
