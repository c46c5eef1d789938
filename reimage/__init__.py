"""The capability: reimaging Azure virtual machines after a second person approved."""
