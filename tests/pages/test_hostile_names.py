"""Names, tags, reasons and Azure's texts may hold anything; on a page they are text, and what is unseen is shown."""

import pytest

from portal.identity.models import User
from reimage.models import ReimageOperation, ReimageRequest, VirtualMachine
from tests.cast import client_of
from tests.pages.reading import source
from tests.sandbox_process import SandboxProcess
from tests.stories import draft, request_reimage

SCRIPT = '"><script>alert(1)</script>\u202e'
ESCAPED = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\\u202e"


@pytest.fixture
def reimage_request(azure: SandboxProcess, alice: User) -> ReimageRequest:
    """Everything in it that a person or Azure names is hostile."""
    made = request_reimage(alice, "web-02")
    ReimageRequest.objects.update(justification=SCRIPT, ticket=SCRIPT)
    ReimageOperation.objects.update(
        name=SCRIPT,
        azure_request_id=SCRIPT,
        note={"code": "azure_refused", "params": {"azure_code": SCRIPT, "message": SCRIPT}},
        findings=[{"code": "not_provisioned_after", "params": {"provisioning_state": SCRIPT}}],
    )
    VirtualMachine.objects.update(name=SCRIPT, resource_group=SCRIPT, image=SCRIPT, power_state=SCRIPT)
    User.objects.filter(pk=alice.pk).update(display_name=SCRIPT)
    client_of(alice)  # so that she is among the people who are signed in
    return made


@pytest.mark.parametrize(
    ("reader", "address"),
    [
        ("alice", "/"),
        ("alice", "/machines/"),
        ("alice", "/machines/{vm}/"),
        ("bob", "/machines/{vm}/"),
        ("alice", "/requests/new?vm={vm}&again={id}"),
        ("alice", "/requests/{draft}/review"),
        ("bob", "/requests/"),
        ("bob", "/requests/{id}/"),
        ("carol", "/requests/{id}/"),
        ("alice", "/requests/{id}/progress"),
        ("alice", "/requests/{id}/operations/{operation}/"),
        ("carol", "/requests/{id}/operations/{operation}/"),
        ("bob", "/approvals/"),
        ("dan", "/sessions/"),
    ],
)
@pytest.mark.asvs("V1.1.2", "V1.2.1")
def test_it_is_escaped(
    reader: str, address: str, reimage_request: ReimageRequest, alice: User, request: pytest.FixtureRequest
) -> None:
    other = VirtualMachine.objects.get(resource_key__endswith="/web-03")
    VirtualMachine.objects.filter(pk=other.pk).update(name="web-03")
    second = draft(alice, "web-03")
    VirtualMachine.objects.filter(pk=other.pk).update(name=SCRIPT)
    ReimageRequest.objects.filter(pk=second.pk).update(justification=SCRIPT)
    person = alice if reader == "alice" else request.getfixturevalue(reader)
    operation = reimage_request.operations.get().pk
    names = {"vm": other.pk, "id": reimage_request.pk, "draft": second.pk, "operation": operation}
    page = client_of(person).get(address.format(**names))
    assert page.status_code == 200
    assert "<script>alert" not in source(page)
    assert "\u202e" not in source(page)


@pytest.mark.asvs("V1.2.1")
def test_what_cannot_be_seen_stands_as_its_code(reimage_request: ReimageRequest, bob: User) -> None:
    assert ESCAPED in source(client_of(bob).get(f"/requests/{reimage_request.pk}/"))
