"""What the figures of the audit log share: a portal over a database of its own, and a log of any length."""
