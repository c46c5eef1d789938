"""The pure rules, one file per behaviour."""
