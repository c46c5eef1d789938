"""The image versions that Azure offers for a machine: suggestions, so trouble means none rather than an error."""

from django.core.cache import cache

from reimage.domain.resource_ids import VirtualMachineId
from reimage.models import VirtualMachine
from reimage.services import live_reads

CACHE_SECONDS = 600
MAX_VERSIONS = 50


def offered_versions(machine: VirtualMachine) -> list[str]:
    """Newest first; empty for an image that is not a platform image, or when Azure does not answer."""
    parts = machine.image.split(":")
    if len(parts) != 4 or not all(parts):
        return []
    key = f"image-versions:{machine.location}:{':'.join(parts[:3])}".replace(" ", "_")
    versions: list[str] | None = cache.get(key)
    if versions is None:
        versions = _asked(machine, *parts[:3])
        cache.set(key, versions, CACHE_SECONDS if versions else 10)
    return versions


def _asked(machine: VirtualMachine, publisher: str, offer: str, sku: str) -> list[str]:
    # The SDK takes a while to import; pages that never ask Azure do not pay for it.
    from reimage.azure.errors import AzureError
    from reimage.azure.virtual_machines import image_versions

    subscription_id = VirtualMachineId.parse(machine.resource_id).subscription_id

    def read(sku: str) -> list[str]:
        return image_versions(
            subscription_id,
            location=machine.location,
            publisher=publisher,
            offer=offer,
            sku=sku,
            patience=live_reads.PAGE_SECONDS,
        )

    try:
        (versions,) = live_reads.ask(read, [sku])
    except (AzureError, TimeoutError):
        return []
    return versions[:MAX_VERSIONS]
