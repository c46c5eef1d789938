"""The versions of an image, as a bare array."""

from tests.sandbox.client import Client
from tests.sandbox_process import PRODUCTION


def versions_path(sku: str, location: str = "japaneast") -> str:
    compute = f"/subscriptions/{PRODUCTION}/providers/Microsoft.Compute/locations/{location}"
    image = f"publishers/MicrosoftWindowsServer/artifacttypes/vmimage/offers/WindowsServer/skus/{sku}/versions"
    return f"{compute}/{image}"


PATH = versions_path("2022-datacenter-azure-edition")


def test_it_lists_versions_as_a_bare_array(reader: Client) -> None:
    found = reader.get(PATH).json()
    assert [version["name"] for version in found][2] == "20348.2762.241006"
    image = reader.vm("web-02")["properties"]["storageProfile"]["imageReference"]
    assert image["exactVersion"] in [version["name"] for version in found]


def test_it_lists_the_newest_first_when_asked(reader: Client) -> None:
    newest = reader.get(PATH, params={"$orderby": "name desc", "$top": "1"}).json()
    assert [version["name"] for version in newest] == ["20348.2849.241101"]


def test_an_unknown_image_or_location_is_not_found(reader: Client) -> None:
    assert reader.get(versions_path("1999-datacenter")).status_code == 404
    assert reader.get(versions_path("2022-datacenter-azure-edition", "atlantis")).status_code == 404


def test_it_refuses_a_top_that_is_no_number(reader: Client) -> None:
    assert reader.get(PATH, params={"$top": "all"}).status_code == 400
