"""The site: what any capability would share. Knows nothing of reimaging."""
