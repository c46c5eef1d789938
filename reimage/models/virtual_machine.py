"""The inventory: a mirror of Azure's machines, good for finding one, never the last word before acting."""

from typing import ClassVar

from django.db import models


class VirtualMachine(models.Model):
    """One machine as the last synchronisation saw it. Keys are lower-cased, as Azure compares them."""

    resource_key = models.CharField(max_length=512, unique=True)
    resource_id = models.CharField(max_length=512)
    subscription_id = models.CharField(max_length=36)
    resource_group_key = models.CharField(max_length=90)
    resource_group = models.CharField(max_length=90)
    name = models.CharField(max_length=64)
    vm_id = models.CharField(max_length=36)
    location = models.CharField(max_length=64)
    os_type = models.CharField(max_length=16)
    image = models.CharField(max_length=512, blank=True)
    provisioning_state = models.CharField(max_length=32)
    power_state = models.CharField(max_length=32, blank=True)
    ephemeral = models.BooleanField()
    delete_option = models.CharField(max_length=8)
    tags = models.JSONField(default=dict)
    synced_at = models.DateTimeField()
    vanished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["name", "resource_key"]
        indexes = [
            models.Index(fields=["subscription_id", "resource_group_key"], name="vm_by_resource_group"),
            models.Index(fields=["name", "resource_key"], name="vm_by_name"),
        ]

    def __str__(self) -> str:
        return self.name


class VirtualMachineTag(models.Model):
    """A tag as a row, so that a grant by tag is resolved in SQL. Azure compares tag names without case, values with."""

    virtual_machine = models.ForeignKey(VirtualMachine, on_delete=models.CASCADE, related_name="tag_rows")
    name_key = models.CharField(max_length=512)
    value = models.CharField(max_length=256)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["virtual_machine", "name_key"], name="vm_has_a_tag_once"),
        ]
        indexes = [models.Index(fields=["name_key", "value"], name="vm_by_tag")]

    def __str__(self) -> str:
        return f"{self.name_key}={self.value}"
