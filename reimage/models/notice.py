"""The outbox: a notice is a row of the transaction it tells of, so that a dead mail server loses none."""

from django.db import models

from reimage.models.reimage_request import ReimageRequest


class NoticeKind(models.TextChoices):
    """What people are told by mail."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    PASSWORD_AWAITED = "password_awaited"  # noqa: S105  # a kind of notice
    REJECTED = "rejected"
    CANCELED = "canceled"
    EXPIRED = "expired"
    FINISHED = "finished"
    NEEDS_ATTENTION = "needs_attention"
    PASSWORD_AGAIN = "password_again"  # noqa: S105  # likewise
    EXECUTION_ALARM = "execution_alarm"


class Notice(models.Model):
    """To whom it goes is resolved when it is sent. An alarm belongs to no request; `detail` says what it is about."""

    reimage_request = models.ForeignKey(ReimageRequest, on_delete=models.CASCADE, related_name="notices", null=True)
    kind = models.CharField(max_length=16, choices=NoticeKind)
    detail = models.JSONField(default=dict)  # {code, params} of an alarm; {operation} of what is told once an hour
    created_at = models.DateTimeField(auto_now_add=True)
    next_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    delivered_to = models.JSONField(default=list)  # primary keys of people, so that a retry leaves them alone
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["next_at", "pk"]
        indexes = [models.Index(fields=["next_at"], name="notice_by_due_time")]

    def __str__(self) -> str:
        return f"{self.kind} of request {self.reimage_request_id or '–'}"
