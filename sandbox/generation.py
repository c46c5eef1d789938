"""Which machines exist at the start: six made by hand, the rest from the seed. Same seed, same machines."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from sandbox.images import CATALOGUE, UBUNTU, WINDOWS_2022, Image
from sandbox.machines import DeleteOption, Machine, PowerState

PRODUCTION = "aaaaaaaa-0000-4000-8000-000000000001"
DEVELOPMENT = "aaaaaaaa-0000-4000-8000-000000000002"
SUBSCRIPTIONS = {PRODUCTION: "Production", DEVELOPMENT: "Development"}
LOCATIONS = ("japaneast", "japaneast", "japaneast", "japanwest", "southeastasia", "westeurope", "eastus2")

_ROLES = ("app", "db", "cache", "build", "queue", "report", "ml", "file")
_ENVIRONMENTS = ("prod", "staging", "test")
_OWNERS = ("web", "batch", "data", "platform", "finance")
_SIZES = ("Standard_D2s_v5", "Standard_D4s_v5", "Standard_E4ds_v5", "Standard_B2ms", "Standard_F8s_v2")
_BEGINNING = datetime(2024, 1, 9, 1, 23, 45, 678901, tzinfo=UTC)
# What the one generated machine that was created with customData was created with: "#cloud-config\n".
CUSTOM_DATA_AT_CREATION = "I2Nsb3VkLWNvbmZpZwo="


def generate(seed: int, count: int) -> Iterator[Machine]:
    """The machines of a fresh sandbox: the hand-made ones, then generated ones until there are `count`."""
    made_by_hand = list(_made_by_hand())
    yield from made_by_hand
    for index in range(max(0, count - len(made_by_hand))):
        yield _generated(seed, index)


def _made_by_hand() -> Iterator[Machine]:
    yield _by_hand(1, "rg-web", "web-01", UBUNTU, "Delete", ephemeral=True)
    yield _by_hand(2, "rg-web", "web-02", WINDOWS_2022, "Detach")
    yield _by_hand(3, "rg-web", "web-03", UBUNTU, "Delete")
    yield _by_hand(4, "rg-web", "web-04", WINDOWS_2022, "Delete", power_state="deallocated")
    yield _by_hand(5, "rg-batch", "batch-01", UBUNTU, "Detach", tags={"env": "test", "owner": "batch"})
    yield _by_hand(6, "rg-batch", "batch-02", UBUNTU, "Delete", ephemeral=True)


def _by_hand(
    number: int,
    resource_group: str,
    name: str,
    image: Image,
    delete_option: DeleteOption,
    *,
    ephemeral: bool = False,
    power_state: PowerState = "running",
    tags: dict[str, str] | None = None,
) -> Machine:
    digest = blake2b(name.encode(), digest_size=16).hexdigest()
    created = _BEGINNING + timedelta(days=number)
    return Machine(
        subscription_id=PRODUCTION,
        resource_group=resource_group,
        name=name,
        location="japaneast",
        vm_id=f"b0000000-0000-4000-8000-{number:012d}",
        image=image,
        exact_version=image.versions[-2],
        size="Standard_D4ds_v5",
        os_disk_name=f"{name}_OsDisk_1_{digest}",
        os_disk_size_gb=image.disk_size_gb,
        os_disk_created_at=created,
        time_created=created,
        storage_account_type="Standard_LRS" if ephemeral else "Premium_LRS",
        caching="ReadOnly" if ephemeral else "ReadWrite",
        delete_option=delete_option,
        ephemeral_placement="CacheDisk" if ephemeral else None,
        power_state=power_state,
        tags=tags if tags is not None else {"env": "prod", "owner": resource_group.removeprefix("rg-")},
    )


def _generated(seed: int, index: int) -> Machine:
    digest = blake2b(f"{seed}:{index}".encode(), digest_size=32)
    dice, hexes = digest.digest(), digest.hexdigest()
    role, environment = _ROLES[dice[0] % len(_ROLES)], _ENVIRONMENTS[dice[1] % len(_ENVIRONMENTS)]
    image = CATALOGUE[dice[2] % len(CATALOGUE)]
    ephemeral = dice[3] % 8 == 0
    name = f"{role}-{index + 1:06d}"
    created = _BEGINNING + timedelta(minutes=dice[4] * 1024 + dice[5])
    return Machine(
        subscription_id=PRODUCTION if environment == "prod" else DEVELOPMENT,
        resource_group=f"rg-{role}-{environment}-{index // 10_000 + 1:02d}",
        name=name,
        location=LOCATIONS[dice[6] % len(LOCATIONS)],
        vm_id=f"{hexes[:8]}-{hexes[8:12]}-4{hexes[13:16]}-8{hexes[17:20]}-{hexes[20:32]}",
        image=image,
        exact_version=image.versions[dice[7] % len(image.versions)],
        size=_SIZES[dice[8] % len(_SIZES)],
        os_disk_name=f"{name}_OsDisk_1_{hexes[32:]}",
        os_disk_size_gb=image.disk_size_gb,
        os_disk_created_at=created,
        time_created=created,
        storage_account_type="Standard_LRS" if ephemeral else ("Premium_LRS", "StandardSSD_LRS")[dice[9] % 2],
        caching="ReadOnly" if ephemeral else "ReadWrite",
        delete_option="Delete" if ephemeral or dice[10] % 3 == 0 else "Detach",
        ephemeral_placement=("CacheDisk", "ResourceDisk")[dice[11] % 2] if ephemeral else None,
        power_state="deallocated" if dice[12] % 10 == 0 and not ephemeral else "running",
        tags=_tags(environment, dice),
        zones=(str(dice[13] % 3 + 1),) if dice[14] % 2 else (),
        data_disk_sizes_gb=(128,) if dice[15] % 4 == 0 else (),
        created_with_custom_data=CUSTOM_DATA_AT_CREATION if index == 0 else None,
    )


def _tags(environment: str, dice: bytes) -> dict[str, str]:
    tags = {"env": environment, "owner": _OWNERS[dice[16] % len(_OWNERS)]}
    if dice[17] % 2:
        tags["cost-center"] = f"{4000 + dice[18] % 40}"
    return tags
