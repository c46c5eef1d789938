"""Is the portal well? Heartbeats, probes, figures. Knows nothing of reimaging: capabilities hand in what they know."""
