"""The one look at a generated password: what the worker seals for the browser that asked, until it was seen."""

from django.db import models

from reimage.models.reimage_operation import ReimageOperation


class PasswordView(models.Model):
    """Asked for with a public key whose private half only the requester's browser has. Stays to say it was seen."""

    operation = models.OneToOneField(ReimageOperation, on_delete=models.CASCADE, related_name="password_view")
    public_key = models.BinaryField()
    ciphertext = models.BinaryField(null=True)  # once the worker has answered, until it was seen
    asked_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(seen_at__isnull=True) | models.Q(ciphertext__isnull=True), name="seen_is_destroyed"
            ),
        ]

    def __str__(self) -> str:
        return f"view of the password of operation {self.operation_id}"
