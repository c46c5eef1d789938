"""A form that is older than its machine comes back with what was typed, and says what changed."""

import re
from html import unescape

import pytest
from django.http import HttpResponse
from django.test import Client

from reimage.models import AccessGrant, GrantRole, ReimageRequest, VirtualMachine
from tests.pages.reading import part, source, words
from tests.pages.rows import pk
from tests.sandbox_process import SandboxProcess

FORM = "/requests/new"
PASSWORD = "Correct-Horse-7"
pytestmark = pytest.mark.usefixtures("azure")


def shown(visitor: Client, *names: str) -> dict[str, object]:
    """The fields of the form as a browser would send it back, untouched."""
    page = source(visitor.get(FORM, {"vm": [pk(name) for name in names]}))
    hidden = re.findall(r'<input type="hidden" name="(seen-[^"]*)" value="([^"]*)">', page)
    assert len(hidden) == len(names)
    return {
        "vm": [pk(name) for name in names],
        "justification": "The disk image is corrupt.",
        "ticket": "INC-7",
        **{name: unescape(value) for name, value in hidden},
    }


def assert_comes_back(answer: HttpResponse, *texts: str) -> None:
    assert answer.status_code == 409
    for text in texts:
        assert text in words(answer)
    assert "The disk image is corrupt." in source(answer)
    assert 'value="INC-7"' in source(answer)
    assert not ReimageRequest.objects.exists()


def test_an_untouched_form_of_unchanged_machines_goes_on(visitor: Client) -> None:
    assert visitor.post(FORM, shown(visitor, "web-01", "web-02")).status_code == 302


@pytest.mark.parametrize("seen", ["[" * 100_000, "{}", "\x00", "null"])
def test_a_form_that_says_nothing_readable_of_its_machine_is_taken(visitor: Client, seen: str) -> None:
    assert visitor.post(FORM, shown(visitor, "web-01") | {f"seen-{pk('web-01')}": seen}).status_code == 302


@pytest.mark.parametrize("synchronized", [True, False])
def test_a_machine_that_became_ephemeral(visitor: Client, azure: SandboxProcess, synchronized: bool) -> None:
    """Whether the inventory knew already, or only Azure did."""
    prefix = f"g{pk('web-02')}"
    form = shown(visitor, "web-02") | {
        f"{prefix}-exact_version": "20348.2762.241006",
        f"{prefix}-custom_data": "#cloud-config",
        f"{prefix}-admin_password": PASSWORD,
        f"{prefix}-admin_password_again": PASSWORD,
    }
    azure.drift("web-02", recreate=True, ephemeral_placement="CacheDisk", delete_option="Delete")
    if synchronized:
        VirtualMachine.objects.filter(name="web-02").update(ephemeral=True, delete_option="Delete")
    answer = visitor.post(FORM, form)
    assert_comes_back(answer, "web-02 now has an ephemeral OS disk; the form was for a managed one.")
    assert 'value="20348.2762.241006"' in source(answer)
    assert f'name="{prefix}-temp_disk"' in source(answer)
    assert "New administrator password" in part(answer, "changes")
    assert "customData as text: #cloud-config" in words(answer)
    assert PASSWORD not in source(answer)
    assert "can only be given for a machine whose OS disk is not ephemeral" not in words(answer)  # it is gone already
    again = dict(re.findall(r'<input type="hidden" name="(seen-[^"]*)" value="([^"]*)">', source(answer)))
    mended = {"vm": form["vm"], "justification": "Corrupt.", **{name: unescape(text) for name, text in again.items()}}
    assert visitor.post(FORM, mended).status_code == 302


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"delete_option": "Delete"}, "deleteOption of web-02 is now Delete; the form showed Detach."),
        ({"os_type": "Linux"}, "web-02 now runs Linux; the form was for Windows."),
        ({"image": "a:b:c:1"}, "The image of web-02 is now a:b:c:1; the form was for"),
    ],
)
def test_what_else_may_change_is_named(visitor: Client, change: dict[str, str], text: str) -> None:
    form = shown(visitor, "web-02") | {f"g{pk('web-02')}-exact_version": "0.1"}
    VirtualMachine.objects.filter(name="web-02").update(**change)
    answer = visitor.post(FORM, form)
    assert_comes_back(answer, text)
    assert 'value="0.1"' in source(answer)


def test_a_machine_that_became_managed(visitor: Client) -> None:
    form = shown(visitor, "web-01") | {f"g{pk('web-01')}-temp_disk": "on"}
    VirtualMachine.objects.filter(name="web-01").update(ephemeral=False, delete_option="Detach")
    answer = visitor.post(FORM, form)
    assert_comes_back(answer, "web-01 now has a managed OS disk; the form was for an ephemeral one.")
    assert "Reimage the temporary disk too" in words(answer)


def test_what_was_typed_follows_a_machine_into_another_group(visitor: Client) -> None:
    """web-02 led a group of two; now each is a group of its own, and both have what was typed for both."""
    VirtualMachine.objects.filter(name__in=["web-02", "web-03"]).update(os_type="Linux", ephemeral=False, image="x")
    form = shown(visitor, "web-02", "web-03") | {f"g{pk('web-02')}-exact_version": "0.1"}
    VirtualMachine.objects.filter(name="web-03").update(image="y")
    answer = visitor.post(FORM, form)
    assert_comes_back(answer, "The image of web-03 is now y; the form was for x.")
    for name in ("web-02", "web-03"):
        (field,) = re.findall(f'<input[^>]*name="g{pk(name)}-exact_version"[^>]*>', source(answer))
        assert 'value="0.1"' in field


def test_a_machine_that_is_no_longer_granted_is_left_out_and_named(visitor: Client) -> None:
    form = shown(visitor, "web-02", "batch-01")
    AccessGrant.objects.filter(tag_name="owner").delete()
    answer = visitor.post(FORM, form)
    assert_comes_back(answer, "batch-01 does not exist any more, or you may no longer request its reimage.")
    assert re.findall(r'name="vm" value="(\d+)"', source(answer)) == [str(pk("web-02"))]


def test_without_any_machine_left_what_was_typed_is_still_shown(visitor: Client) -> None:
    form = shown(visitor, "web-02")
    AccessGrant.objects.filter(role=GrantRole.REQUESTER).delete()
    answer = visitor.post(FORM, form)
    assert answer.status_code == 404
    assert "web-02 does not exist any more, or you may no longer request its reimage." in words(answer)
    assert "The disk image is corrupt." in words(answer)
    assert "Ticket: INC-7" in words(answer)


def test_a_machine_that_vanished_from_azure_is_named(visitor: Client, azure: SandboxProcess) -> None:
    form = shown(visitor, "web-02")
    azure.drift("web-02", delete=True)
    answer = visitor.post(FORM, form)
    assert answer.status_code == 422
    assert "web-02 no longer exists" in words(answer)
    assert 'value="INC-7"' in source(answer)


@pytest.mark.parametrize("said", ["", "{", "[]", '["g1", 2]', "null", "7"])
def test_a_form_that_says_nothing_readable_is_not_compared(visitor: Client, said: str) -> None:
    form = shown(visitor, "web-02") | {f"seen-{pk('web-02')}": said}
    assert visitor.post(FORM, form).status_code == 302
