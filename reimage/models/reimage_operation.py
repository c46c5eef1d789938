"""One machine's reimage: its plan, and where Azure has got to with it. This table is the work queue."""

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from portal.audit.actors import Target
from reimage.domain.operation_states import ACTIVE, OperationState
from reimage.domain.plan import ReimagePlan
from reimage.models.reimage_request import ReimageRequest
from reimage.models.virtual_machine import VirtualMachine


class ReimageOperation(models.Model):
    """A row is due when `next_at` has come and nobody's lease holds it; `fence` tells a late worker it lost it."""

    reimage_request = models.ForeignKey(ReimageRequest, on_delete=models.CASCADE, related_name="operations")
    virtual_machine = models.ForeignKey(VirtualMachine, on_delete=models.PROTECT, related_name="operations")
    resource_key = models.CharField(max_length=512)
    name = models.CharField(max_length=64)
    position = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=32, default=OperationState.PLANNED)

    plan = models.JSONField()
    plan_digest = models.CharField(max_length=64)
    warnings_shown = models.JSONField(default=dict)  # {language: [the deleteOption warnings, word for word]}

    next_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=0)
    crashes = models.PositiveSmallIntegerField(default=0, db_default=0)  # steps in a row that a mistake of ours ended

    client_request_id = models.UUIDField(null=True, blank=True)
    evidence = models.JSONField(default=dict)  # the machine as it was when the intent was committed
    operation_url = models.TextField(blank=True)  # stored whole, never rebuilt
    location_url = models.TextField(blank=True)
    azure_request_id = models.CharField(max_length=64, blank=True)
    note = models.JSONField(default=dict)  # {code, params} of what the portal waits for, or why it stopped
    findings = models.JSONField(default=list)  # [{code, params}] drift before, differences after

    queued_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["resource_key"],
                condition=Q(state__in=sorted(str(state) for state in ACTIVE)),
                name="one_active_operation_per_vm",
            ),
            models.UniqueConstraint(fields=["reimage_request", "resource_key"], name="vm_is_in_a_request_once"),
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in OperationState]), name="operation_state_is_known"
            ),
            models.CheckConstraint(condition=Q(resource_key=Lower("resource_key")), name="key_is_lower"),
        ]
        indexes = [
            models.Index(fields=["state", "next_at"], name="operation_by_due_time"),
            models.Index(fields=["submitted_at"], name="operation_by_submission"),
            # The last few say how long a reimage usually takes; years of them are not looked at for that.
            models.Index(
                fields=["-finished_at"], condition=Q(state=str(OperationState.SUCCEEDED)), name="operation_by_success"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def reimage_plan(self) -> ReimagePlan:
        """What was approved. Raises PlanDocumentError where the row is damaged."""
        return ReimagePlan.from_document(self.plan)

    @property
    def stored_plan(self) -> Mapping[str, Any]:
        """The plan as it is stored; nothing of a damaged one."""
        return self.plan if isinstance(self.plan, Mapping) else {}

    @property
    def note_code(self) -> str:
        """What it waits for, or why it stopped; empty where nothing is noted."""
        return str(self.note.get("code") or "") if isinstance(self.note, Mapping) else ""

    @property
    def resource_id(self) -> str:
        """As Azure spells it; where the plan is damaged, as the inventory has it."""
        return str(self.stored_plan.get("resource_id") or self.virtual_machine.resource_id)

    @property
    def audit_target(self) -> Target:
        """The machine, as audit events name it."""
        return Target("virtual_machine", self.resource_id, self.name)
