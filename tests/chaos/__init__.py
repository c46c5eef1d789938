"""The fault campaign: the whole portal as real processes, harmed by seed, judged by Azure's own ledger."""
