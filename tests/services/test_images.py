"""Image versions are suggestions: newest first, remembered for a while, none where there is trouble."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from reimage.models import VirtualMachine
from reimage.services.images import offered_versions
from tests.sandbox_process import SandboxProcess


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def web_02() -> VirtualMachine:
    return VirtualMachine.objects.get(name="web-02")


def asked(sandbox: SandboxProcess) -> int:
    return len([entry for entry in sandbox.ledger() if "/publishers/" in entry["path"].lower()])


def test_it_offers_the_versions_newest_first_and_asks_once(azure: SandboxProcess) -> None:
    versions = offered_versions(web_02())
    assert len(versions) > 1
    numbers = [[int(part) for part in version.split(".")] for version in versions]
    assert numbers == sorted(numbers, reverse=True)
    assert offered_versions(web_02()) == versions
    assert asked(azure) == 1


@pytest.mark.parametrize("image", ["", "/subscriptions/x/images/gold", "a:b:c", "a::c:d"])
def test_it_offers_none_for_what_is_no_platform_image(azure: SandboxProcess, image: str) -> None:
    machine = web_02()
    machine.image = image
    assert offered_versions(machine) == []
    assert asked(azure) == 0


@pytest.mark.parametrize("status", [403, 404, 429, 503])
def test_trouble_means_none(azure: SandboxProcess, status: int) -> None:
    azure.faults("status", match={"path_contains": "publishers"}, status=status)
    assert offered_versions(web_02()) == []
