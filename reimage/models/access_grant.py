"""Who may request or decide, and for which machines."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PrincipalKind(models.TextChoices):
    """What an object id in a grant stands for in Entra ID."""

    USER = "user", _("Person")
    GROUP = "group", _("Group")


class GrantRole(models.TextChoices):
    """What a grant lets its principal do."""

    REQUESTER = "requester", _("Requester")
    APPROVER = "approver", _("Approver")


class AccessGrant(models.Model):
    """A principal's role over an ARM scope, or over the machines with one tag within it."""

    principal_kind = models.CharField(max_length=8, choices=PrincipalKind)
    principal_id = models.UUIDField()
    principal_label = models.CharField(max_length=256, blank=True)
    role = models.CharField(max_length=16, choices=GrantRole)
    scope = models.CharField(max_length=512)
    scope_key = models.CharField(max_length=512)
    tag_name = models.CharField(max_length=512, blank=True)
    tag_value = models.CharField(max_length=256, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=256)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["principal_kind", "principal_id", "role", "scope_key", "tag_name", "tag_value"],
                name="grant_is_given_once",
            ),
            models.CheckConstraint(condition=models.Q(role__in=GrantRole.values), name="grant_role_is_known"),
            models.CheckConstraint(
                condition=models.Q(tag_value="") | ~models.Q(tag_name=""), name="grant_tag_value_has_a_name"
            ),
        ]
        indexes = [models.Index(fields=["principal_id", "role"], name="grant_by_principal")]

    def __str__(self) -> str:
        tag = f", only with the tag {self.tag_name}={self.tag_value}" if self.tag_name else ""
        return f"{self.principal_label or self.principal_id}: {self.role} on {self.scope}{tag}"
