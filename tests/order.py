"""Which test files begin first: those that take longest, so that no one of them is what everybody waits for in the end.

xdist's own order is by the number of tests, and the files that start processes and wait for them have the fewest.
"""

LONGEST = (
    "tests/health/test_a_deaf_worker.py",
    "tests/brokers/",
    "tests/deploy/test_demo.py",
    "tests/browser/",
    "tests/chaos/test_mutants.py",
    "tests/crashes/",
    "tests/test_access_matrix.py",
    "tests/audit/sealing/",
)


def rank(node_id: str) -> int:
    """Smaller begins earlier; what is not named comes after, as it was collected."""
    ranks = (place for place, name in enumerate(LONGEST) if node_id.startswith(name))
    return next(ranks, len(LONGEST))
