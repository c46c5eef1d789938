"""The append-only log of who did what: events, catalogue, review pages. Knows nothing of machines."""
