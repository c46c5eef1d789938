"""A draft: validated by Azure's rules, planned from fresh facts, its secrets sealed; discarded when it gets old."""

import base64
from datetime import timedelta

import pytest
from django.utils import timezone, translation

from portal.errors import Unavailable
from portal.identity.models import User
from reimage.domain.parameters import ReimageParameters
from reimage.domain.plan import DeleteOptionChange
from reimage.domain.request_states import RequestState
from reimage.models import ReimageOperation, ReimageRequest, SealedSecret, VirtualMachine
from reimage.services import drafting
from reimage.services.drafting import discard_expired_drafts
from reimage.services.errors import InvalidReimageRequest
from tests.sandbox_process import SandboxProcess
from tests.stories import draft, submit

GOOD = "Correct-Horse-7"


@pytest.mark.parametrize(
    ("machine", "parameters", "field", "code"),
    [
        ("web-02", ReimageParameters(temp_disk=True), "temp_disk", "temp_disk_needs_ephemeral"),
        ("web-01", ReimageParameters(admin_password=GOOD), "admin_password", "os_profile_needs_non_ephemeral"),
        ("web-01", ReimageParameters(custom_data="YQ=="), "custom_data", "os_profile_needs_non_ephemeral"),
        ("web-02", ReimageParameters(admin_password="Aa1-Aa1"), "admin_password", "password_too_short"),
        ("web-02", ReimageParameters(admin_password="Aa1-" * 31), "admin_password", "password_too_long"),
        ("web-03", ReimageParameters(admin_password="Aa1-b"), "admin_password", "password_too_short"),
        ("web-03", ReimageParameters(admin_password="Aa1-" * 19), "admin_password", "password_too_long"),
        ("web-02", ReimageParameters(admin_password="onlysmallletters"), "admin_password", "password_too_simple"),
        ("web-02", ReimageParameters(admin_password="P@ssw0rd"), "admin_password", "password_disallowed"),
        ("web-02", ReimageParameters(exact_version="1" * 10_000), "exact_version", "exact_version_too_long"),
        ("web-02", ReimageParameters(exact_version="1.\x00\u202e2"), "exact_version", "exact_version_characters"),
        ("web-02", ReimageParameters(custom_data="not base64!"), "custom_data", "custom_data_not_base64"),
        (
            "web-02",
            ReimageParameters(custom_data=base64.b64encode(b"a" * 65_536).decode()),
            "custom_data",
            "custom_data_too_long",
        ),
    ],
)
@pytest.mark.asvs("V2.2.2")
def test_it_refuses_what_azure_would_refuse(
    azure: SandboxProcess, alice: User, machine: str, parameters: ReimageParameters, field: str, code: str
) -> None:
    with pytest.raises(InvalidReimageRequest) as refused:
        draft(alice, machine, parameters=parameters)
    (finding,) = refused.value.findings
    assert (finding.violation.field, finding.violation.code) == (field, code)
    assert finding.resource_key.endswith(machine)
    assert not ReimageRequest.objects.exists()
    assert not SealedSecret.objects.exists()


def test_it_takes_custom_data_of_exactly_the_limit(azure: SandboxProcess, alice: User) -> None:
    parameters = ReimageParameters(custom_data=base64.b64encode(b"a" * 65_535).decode())
    assert draft(alice, "web-02", parameters=parameters).operations.get().plan["body"]["osProfile"]["customData"][
        "bytes"
    ] == (65_535)


@pytest.mark.asvs("V2.2.2", "V2.2.3")
def test_it_refuses_to_change_the_delete_option_of_an_ephemeral_disk(azure: SandboxProcess, alice: User) -> None:
    with pytest.raises(InvalidReimageRequest) as refused:
        draft(alice, "web-01", change=DeleteOptionChange.DETACH)
    assert [finding.violation.code for finding in refused.value.findings] == ["delete_option_fixed_for_ephemeral"]


def test_it_reports_every_machine_that_breaks_a_rule(azure: SandboxProcess, alice: User) -> None:
    with pytest.raises(InvalidReimageRequest) as refused:
        draft(alice, "web-01", "web-02", "web-03", parameters=ReimageParameters(temp_disk=True))
    machines = {finding.resource_key.rpartition("/")[2] for finding in refused.value.findings}
    assert machines == {"web-02", "web-03"}


def test_it_stores_the_warnings_word_for_word_in_the_requesters_language_and_in_english(
    azure: SandboxProcess, alice: User
) -> None:
    operation = draft(alice, "web-03", language="ja").operations.get()
    assert set(operation.warnings_shown) == {"ja", "en"}
    assert any("will be deleted and cannot be recovered" in line for line in operation.warnings_shown["en"])
    with translation.override("ja"):
        assert len(operation.warnings_shown["ja"]) == len(operation.warnings_shown["en"])


@pytest.mark.parametrize("fault", ["status", "reset_before"])
def test_it_stores_nothing_while_azure_does_not_answer(azure: SandboxProcess, alice: User, fault: str) -> None:
    azure.faults(fault, match={"path_contains": "web-01"}, status=503, times=9)
    with pytest.raises(Unavailable) as refused:
        draft(alice, "web-01", "web-02", parameters=ReimageParameters())
    assert "Nothing was sent or lost" in refused.value.message
    assert not ReimageRequest.objects.exists()


def test_it_does_not_sleep_out_what_azure_asks_a_throttled_reader_to_wait(azure: SandboxProcess, alice: User) -> None:
    azure.clear()
    azure.faults("status", match={"path_contains": "web-01"}, status=429, retry_after=1200)
    with pytest.raises(Unavailable):
        draft(alice, "web-01")
    assert len(azure.ledger(vm="web-01")) == 1


def test_it_names_the_role_when_azure_refuses_the_portal(azure: SandboxProcess, alice: User) -> None:
    azure.faults("status", match={"path_contains": "web-01"}, status=403, code="AuthorizationFailed")
    with pytest.raises(Unavailable) as refused:
        draft(alice, "web-01")
    assert "AuthorizationFailed" in refused.value.message
    assert "role" in refused.value.remedy


@pytest.mark.asvs("V14.2.7")
def test_an_old_draft_is_deleted_with_its_secrets(azure: SandboxProcess, alice: User) -> None:
    draft(alice, "web-02", parameters=ReimageParameters(admin_password=GOOD))
    later = timezone.now() + timedelta(hours=1)
    assert discard_expired_drafts(now=later - timedelta(minutes=5)) == 0
    assert discard_expired_drafts(now=later) == 1
    assert not ReimageRequest.objects.exists()
    assert not ReimageOperation.objects.exists()
    assert not SealedSecret.objects.exists()


def test_a_submitted_request_is_no_draft_to_be_discarded(azure: SandboxProcess, alice: User) -> None:
    sent = submit(draft(alice, "web-02"))
    assert discard_expired_drafts(now=timezone.now() + timedelta(days=30)) == 0
    sent.refresh_from_db()
    assert sent.state == RequestState.PENDING_APPROVAL


@pytest.mark.asvs("V2.2.2")
@pytest.mark.parametrize("justification", ["", "  \n ", "\u200b", "\u2060\u00a0\u3000"])
def test_a_reason_that_nobody_can_see_is_none(azure: SandboxProcess, alice: User, justification: str) -> None:
    machine = VirtualMachine.objects.get(name="web-01")
    with pytest.raises(InvalidReimageRequest) as refused:
        drafting.draft_reimage_request(
            requester=alice,
            targets=[drafting.TargetSettings(machine.pk, ReimageParameters())],
            justification=justification,
            ticket="",
            language="en",
            now=timezone.now(),
        )
    assert [finding.violation.code for finding in refused.value.findings] == ["justification_missing"]
    assert not ReimageRequest.objects.exists()
