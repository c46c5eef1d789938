"""Pure rules: standard library only. Knows no Django, clock, network or settings."""
