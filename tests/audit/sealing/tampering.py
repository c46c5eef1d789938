"""What a superuser can do: change the tables with the triggers off, and make the past anew with a key."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from django.db import connection
from django.utils import timezone

from portal.audit.limits import ADDING, REMOVING
from portal.audit.models import AuditCheckpoint, AuditEvent, AuditLeaf
from portal.audit.sealing.checkpoints import Checkpoint
from portal.audit.sealing.merkle import Frontier, leaf_hash
from portal.audit.sealing.notes import Signer

TABLES = (
    "audit_auditevent",
    "audit_auditpersonaltext",
    "audit_auditleaf",
    "audit_auditsubtree",
    "audit_auditcheckpoint",
)


@contextmanager
def triggers_off() -> Iterator[None]:
    """For the length of a block, within the test's own transaction; and without what else refuses rows."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit_%%'", [])
            triggers = cursor.fetchall()
            off, on = [f'DROP TRIGGER "{name}"' for name, _ in triggers], [sql for _, sql in triggers]
        else:
            off = [*(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in TABLES), *REMOVING]
            on = [*(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in TABLES), *ADDING]
        for statement in off:
            cursor.execute(statement)
        yield
        for statement in on:
            cursor.execute(statement)


def run(*statements: str, parameters: Sequence[object] = ()) -> None:
    """SQL as it is, past every model."""
    with triggers_off(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, parameters or None)


def forge(event: AuditEvent, old: bytes, new: bytes) -> bytes:
    """Changes the body, its digest and nothing else; returns the new body."""
    body = bytes(event.body)
    changed = body.replace(old, new) if old in body else body.replace(b"reimage_request:1", b"reimage_request:2")
    run(
        f"UPDATE audit_auditevent SET body = %s, digest = %s WHERE id = {event.pk}",
        parameters=[changed, hashlib.sha256(changed).hexdigest()],
    )
    return changed


def cut_tail(size: int) -> None:
    run(
        f"DELETE FROM audit_auditevent WHERE id IN (SELECT event_id FROM audit_auditleaf WHERE leaf_index >= {size})",
        f"DELETE FROM audit_auditleaf WHERE leaf_index >= {size}",
        f"DELETE FROM audit_auditcheckpoint WHERE tree_size > {size}",
        f"UPDATE audit_auditanchor SET tree_size = {size}",
    )


def seal_the_past_again(signer: Callable[[str], Signer]) -> None:
    """Everything below the anchors is made anew, as a thief of a key with a superuser's rights would."""
    frontier = Frontier()
    sizes = list(AuditCheckpoint.objects.values_list("tree_size", flat=True))
    events = AuditEvent.objects.order_by("leaf__leaf_index").filter(leaf__isnull=False)
    leaves = []
    for event in events:
        leaves.append(AuditLeaf(leaf_index=len(leaves), event_id=event.pk, leaf_hash=leaf_hash(bytes(event.body))))
    run("DELETE FROM audit_auditleaf", "DELETE FROM audit_auditcheckpoint")
    AuditLeaf.objects.bulk_create(leaves)
    for leaf in leaves:
        frontier.append(bytes(leaf.leaf_hash))
        if frontier.size in sizes:
            made = Checkpoint("localhost/audit", frontier.size, frontier.root(), timezone.now())
            AuditCheckpoint.objects.create(
                tree_size=made.tree_size,
                root_hash=made.root_hash,
                sealed_at=made.sealed_at,
                note=made.signed_by(signer(made.origin)),
            )
