"""Pages: read with selectors, write with services, say no through portal.errors. No rule lives here."""
