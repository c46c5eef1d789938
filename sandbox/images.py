"""The marketplace images machines are made from, with the versions Azure would list. Knows no machine."""

from dataclasses import dataclass
from typing import Literal

OsType = Literal["Linux", "Windows"]


@dataclass(frozen=True)
class Image:
    publisher: str
    offer: str
    sku: str
    os_type: OsType
    os_name: str
    os_version: str
    disk_size_gb: int
    versions: tuple[str, ...]


UBUNTU = Image(
    "Canonical",
    "0001-com-ubuntu-server-jammy",
    "22_04-lts-gen2",
    "Linux",
    "ubuntu",
    "22.04",
    30,
    ("22.04.202407010", "22.04.202408070", "22.04.202410090", "22.04.202411200"),
)
DEBIAN = Image("Debian", "debian-12", "12-gen2", "Linux", "debian", "12.7", 30, ("0.20240717.1811", "0.20241004.1890"))
RED_HAT = Image(
    "RedHat", "RHEL", "9-lvm-gen2", "Linux", "rhel", "9.4", 64, ("9.3.2024031917", "9.4.2024050110", "9.4.2024081415")
)
WINDOWS_2022 = Image(
    "MicrosoftWindowsServer",
    "WindowsServer",
    "2022-datacenter-azure-edition",
    "Windows",
    "Windows Server 2022 Datacenter Azure Edition",
    "10.0.20348.2762",
    127,
    ("20348.2582.240703", "20348.2655.240810", "20348.2762.241006", "20348.2849.241101"),
)
WINDOWS_2019 = Image(
    "MicrosoftWindowsServer",
    "WindowsServer",
    "2019-datacenter-gensecond",
    "Windows",
    "Windows Server 2019 Datacenter",
    "10.0.17763.6414",
    127,
    ("17763.6054.240703", "17763.6293.240905", "17763.6414.241006"),
)
CATALOGUE = (UBUNTU, DEBIAN, RED_HAT, WINDOWS_2022, WINDOWS_2019)


def find_image(publisher: str, offer: str, sku: str) -> Image | None:
    wanted = (publisher.lower(), offer.lower(), sku.lower())
    return next((i for i in CATALOGUE if (i.publisher.lower(), i.offer.lower(), i.sku.lower()) == wanted), None)
