"""A local Azure: Resource Manager, Entra ID and Microsoft Graph over HTTP(S), for demo and tests.

It knows Azure's rules and nothing of the portal: neither imports the other, they meet on the wire.
"""
