"""The capability's pages, as each of the cast sees them."""
