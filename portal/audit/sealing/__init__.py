"""Seals the log: a Merkle tree, signed checkpoints, anchors outside the database. Knows nothing of pages."""
