"""What a person asked for, and what became of it. The machines' own progress is in ReimageOperation."""

from django.conf import settings
from django.db import models

from reimage.domain.request_states import RequestState


class ReimageRequest(models.Model):
    """A request for one or more machines; decided as a whole, bound to the digest of its plans."""

    state = models.CharField(max_length=32, default=RequestState.DRAFT)
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reimage_requests")
    justification = models.TextField()
    ticket = models.CharField(max_length=100, blank=True)
    language = models.CharField(max_length=8)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[str(state) for state in RequestState]), name="request_state_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "expires_at"], name="request_by_state"),
            models.Index(fields=["requester", "state"], name="request_by_requester"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def audit_subject(self) -> str:
        """The thread of audit events that belong to this request."""
        return f"reimage_request:{self.pk}"
