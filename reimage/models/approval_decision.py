"""The second person's decision, one per request."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from reimage.models.reimage_request import ReimageRequest


class DecisionOutcome(models.TextChoices):
    """What an approver may decide."""

    APPROVED = "approved"
    REJECTED = "rejected"


class ApprovalDecision(models.Model):
    """Who decided what about exactly which plan. Nobody decides a request of their own: the database refuses it."""

    reimage_request = models.OneToOneField(ReimageRequest, on_delete=models.PROTECT, related_name="decision")
    outcome = models.CharField(max_length=16, choices=DecisionOutcome)
    approver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approver_tenant_id = models.UUIDField()
    approver_object_id = models.UUIDField()
    requester_tenant_id = models.UUIDField()
    requester_object_id = models.UUIDField()
    digest = models.CharField(max_length=64)
    comment = models.TextField(blank=True)
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(approver_tenant_id=F("requester_tenant_id"), approver_object_id=F("requester_object_id")),
                name="decision_is_by_a_second_person",
            ),
            models.CheckConstraint(condition=Q(outcome="approved") | ~Q(comment=""), name="rejection_has_a_reason"),
            models.CheckConstraint(condition=Q(outcome__in=DecisionOutcome.values), name="decision_outcome_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} by {self.approver}"
