"""A token bucket of Azure's "Update VM": one per subscription and region, and one per machine."""

from django.db import models


class UpdateBucket(models.Model):
    """One moment says it all: when the bucket, left alone, is full again. A call moves it on by the time of a token."""

    key = models.CharField(max_length=512, unique=True)
    full_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key
