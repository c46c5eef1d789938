"""Verifies the log from its bytes up, trusting public keys and anchors alone. Reads; nothing here writes."""
