"""docs/azure-setup.md names what the portal asks of a tenant."""

import re
from pathlib import Path

from django.urls import reverse

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "azure-setup.md").read_text(encoding="utf-8")


def routes_told_to_entra() -> set[str]:
    """Of every address that the identity room tells Entra ID to send a browser back to."""
    sources = [file.read_text(encoding="utf-8") for file in (ROOT / "portal" / "identity").glob("*.py")]
    return {route for source in sources for route in re.findall(r'own_address\("([^"]+)"\)', source)}


def test_every_address_that_entra_sends_people_back_to_is_to_be_registered() -> None:
    (row,) = re.findall(r"^\| Redirect URIs \(Web\) \|(.*)\|$", DOCUMENT, flags=re.MULTILINE)
    assert routes_told_to_entra() == {"identity:callback", "identity:signed-out"}
    registered = {f"https://reimage.example.com{reverse(route)}" for route in routes_told_to_entra()}
    assert set(re.findall(r"`([^`]+)`", row)) == registered
