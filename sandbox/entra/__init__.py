"""Entra ID: discovery, the account picker, tokens, sign-out. Knows people and apps, no machines."""
