"""A password or customData as long as it is needed: ciphertext that the web process cannot open."""

from django.db import models

from reimage.models.reimage_operation import ReimageOperation


class SecretField(models.TextChoices):
    """What is sealed: osProfile's fields on their way to Azure, and a password that its requester is still to see."""

    ADMIN_PASSWORD = "admin_password"  # noqa: S105  # the field's name
    CUSTOM_DATA = "custom_data"
    GENERATED = "generated"


class SealedSecret(models.Model):
    """Sealed for one operation and field; deleted as soon as it is used or no longer needed."""

    operation = models.ForeignKey(ReimageOperation, on_delete=models.CASCADE, related_name="sealed_secrets")
    field = models.CharField(max_length=16, choices=SecretField)
    key_id = models.CharField(max_length=16)
    ciphertext = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["operation", "field"], name="secret_is_sealed_once"),
            models.CheckConstraint(condition=models.Q(field__in=SecretField.values), name="secret_field_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.field} of operation {self.operation_id}"
