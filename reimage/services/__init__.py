"""The only writers: explicit actor, one transaction, the audit event in it. Rights are checked here."""
