"""What seals the log: an RFC 6962 Merkle tree over the events, and signed checkpoints of it.

Leaves, subtrees and checkpoints are only ever added, by `portal.audit.sealing.sealer` alone. An anchor is no evidence,
only a note of how far a place outside the database has been told.
"""

from typing import Any, Self

from django.db import models
from django.db.models import Q

from portal.audit.models.append_only import AppendOnlyQuerySet
from portal.audit.models.event import AuditEvent


class SealQuerySet(AppendOnlyQuerySet[Any]):
    """Of leaves, subtrees and checkpoints."""


class LeafQuerySet(AppendOnlyQuerySet["AuditLeaf"]):
    """Of leaves."""

    def placed(self) -> Self:
        """Those with a place in the tree. A superuser can add others, below zero or at none: they seal nothing.

        On SQLite a place may be a text, which is larger than every number.
        """
        return self.filter(leaf_index__range=(0, models.BigIntegerField.MAX_BIGINT))


class AuditLeaf(models.Model):
    """The place of an event in the tree: 0, 1, 2 and so on, without a gap."""

    leaf_index = models.BigIntegerField(primary_key=True)
    # Without a constraint of the database: it would answer TRUNCATE before the log's own triggers do, and whether
    # leaf and event belong together is what the hash says.
    event = models.OneToOneField(AuditEvent, on_delete=models.DO_NOTHING, related_name="leaf", db_constraint=False)
    leaf_hash = models.BinaryField(max_length=32)

    objects = LeafQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(leaf_index__gte=0), name="audit_leaf_counts_from_zero"),
        ]

    def __str__(self) -> str:
        return f"leaf {self.leaf_index}"


class AuditSubtree(models.Model):
    """The root over 2^level leaves, from index × 2^level on; kept for levels 8, 16, 24, which makes a proof cheap."""

    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    root_hash = models.BinaryField(max_length=32)

    objects = SealQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["level", "index"], name="audit_subtree_is_kept_once"),
        ]

    def __str__(self) -> str:
        return f"subtree {self.index} of level {self.level}"


class AuditCheckpoint(models.Model):
    """A signed statement of the tree's size and root; `note` is the statement, the columns repeat it."""

    tree_size = models.BigIntegerField(unique=True)
    root_hash = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()
    note = models.TextField()

    objects = SealQuerySet.as_manager()

    class Meta:
        ordering = ("tree_size",)
        constraints = [
            models.CheckConstraint(condition=Q(tree_size__gte=1), name="audit_checkpoint_covers_an_event"),
        ]

    def __str__(self) -> str:
        return f"checkpoint of {self.tree_size}"


class AuditAnchor(models.Model):
    """How far one place outside the database knows the log; the place itself is the evidence.

    One process at a time holds it. It is retired while the worker is not told of such a place: it is then no longer
    counted, and goes on where it was, should it come back.
    """

    place = models.CharField(max_length=16, unique=True)
    tree_size = models.BigIntegerField(default=0)
    anchored_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    held_until = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.place} up to {self.tree_size}"
