"""The blast-radius breaker of one subscription: tripped by too many reimages at once, released by a person."""

from django.db import models


class ReimageBreaker(models.Model):
    """Tripped while `tripped_at` is set. `allowance` reimages may pass beyond the limit, until `allowance_until`."""

    subscription_id = models.CharField(max_length=36, unique=True)
    tripped_at = models.DateTimeField(null=True, blank=True)
    allowance = models.PositiveIntegerField(default=0)
    allowance_until = models.DateTimeField(null=True, blank=True)
    released_by = models.CharField(max_length=256, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["subscription_id"]

    def __str__(self) -> str:
        return self.subscription_id
