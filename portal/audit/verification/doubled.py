"""Rows that stand twice where the database allows one: a superuser can take its word for that away.

Whoever compares rows one by one, or reads them into a dictionary, would see one of the two.
"""

from collections.abc import Iterator

from portal.audit.verification.reading import rows

_DOUBLED = {
    "checkpoint": "SELECT tree_size FROM audit_auditcheckpoint GROUP BY tree_size HAVING COUNT(*) > 1 LIMIT 1",
    "leaf": "SELECT leaf_index FROM audit_auditleaf GROUP BY leaf_index HAVING COUNT(*) > 1 LIMIT 1",
    "leaf's event": "SELECT event_id FROM audit_auditleaf GROUP BY event_id HAVING COUNT(*) > 1 LIMIT 1",
    "event id": "SELECT event_id FROM audit_auditevent GROUP BY event_id HAVING COUNT(*) > 1 LIMIT 1",
    "event's row": "SELECT id FROM audit_auditevent GROUP BY id HAVING COUNT(*) > 1 LIMIT 1",
    "personal text": (
        "SELECT event_id FROM audit_auditpersonaltext GROUP BY event_id, field HAVING COUNT(*) > 1 LIMIT 1"
    ),
    "subtree": 'SELECT "index" FROM audit_auditsubtree GROUP BY level, "index" HAVING COUNT(*) > 1 LIMIT 1',
}
_NO_NUMBER = "SELECT id FROM audit_auditevent WHERE id < 1 OR id IS NULL LIMIT 1"  # sequences begin at 1


def doubled_rows() -> Iterator[str]:
    """The first of each kind; goes over the whole log."""
    for kind, query in _DOUBLED.items():
        for (key,) in rows(query):
            yield f"{kind} {key}: it stands there more than once"
    for (key,) in rows(_NO_NUMBER):
        yield f"event in row {key}: no database gives a row that number"
