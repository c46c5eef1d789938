"""The whole sign-in against the sandbox's Entra ID: msal's own requests, its account picker, its signatures."""

from collections.abc import Iterator

import pytest
import requests
from django.test import Client
from pytest_django import Settings

from portal.identity import tasks
from portal.identity.models import User
from tests.cast import ALICE, BOB, CAROL, DAN, EVE, TEAM_WEB, VM_APPROVERS, Part
from tests.identity.conftest import forget_entra
from tests.identity.journey import address_left_for, parameters_of
from tests.sandbox_process import SandboxProcess


@pytest.fixture(scope="module")
def running_sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess(vms=1) as process:
        yield process


@pytest.fixture
def sandbox(running_sandbox: SandboxProcess, settings: Settings) -> SandboxProcess:
    running_sandbox.reset()
    settings.ENTRA_AUTHORITY = f"{running_sandbox.https_url}/11111111-1111-4111-8111-111111111111"
    settings.GRAPH_URL = running_sandbox.https_url
    settings.ACCOUNT_CHECK_CLIENT_ID = "c0000000-0000-4000-8000-000000000004"
    settings.ACCOUNT_CHECK_CLIENT_SECRET = "sandbox-accounts-secret"
    settings.AZURE_CA_BUNDLE = running_sandbox.ca_file
    forget_entra()
    return running_sandbox


@pytest.fixture
def client(db: None) -> Client:
    return Client()


def pick(address: str, **form: str) -> dict[str, str]:
    """Answers the account picker; the parameters that the browser comes back with."""
    with requests.Session() as browser:
        browser.trust_env = False
        assert browser.get(address, timeout=10).status_code == 200
        answer = browser.post(address, data=form, timeout=10, allow_redirects=False)
    return parameters_of(answer.headers["Location"])


def sign_in(client: Client, part: Part) -> object:
    address = address_left_for(client.post("/sign-in", {"next": "/machines"}))
    return client.get("/sign-in/callback", pick(address, person=str(part.object_id)))


@pytest.mark.parametrize("part", [ALICE, BOB, CAROL, DAN, EVE], ids=lambda part: part.display_name)
def test_everybody_of_the_cast_can_sign_in(client: Client, sandbox: SandboxProcess, part: Part) -> None:
    response = sign_in(client, part)
    assert response.url == "/machines"
    user = User.objects.get()
    assert user.object_id == part.object_id
    assert user.display_name == part.display_name
    assert tuple(user.app_roles) == part.app_roles
    assert tuple(user.group_ids) == part.group_ids


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        ("signature", "wrong_signature"),
        ("none_alg", "wrong_algorithm"),
        ("foreign_tenant", "foreign_tenant"),
        ("expired", "expired_token"),
        ("not_yet_valid", "token_not_yet_valid"),
        ("wrong_nonce", "wrong_nonce"),
        ("wrong_audience", "wrong_audience"),
    ],
)
def test_it_refuses_what_the_sandbox_tampers_with(
    client: Client, sandbox: SandboxProcess, tamper: str, reason: str
) -> None:
    sandbox.entra(next_id_token={"tamper": tamper})
    response = sign_in(client, ALICE)
    assert response.status_code == 403
    assert reason in response.content.decode()
    assert not User.objects.exists()
    sign_in(client, ALICE)
    assert User.objects.exists()


@pytest.mark.parametrize(("part", "expected"), [(ALICE, [TEAM_WEB]), (BOB, [VM_APPROVERS]), (EVE, [])])
def test_too_many_groups_are_asked_of_graph(
    client: Client, sandbox: SandboxProcess, part: Part, expected: list[str]
) -> None:
    sandbox.entra(person=str(part.object_id), overage=True)
    sign_in(client, part)
    user = User.objects.get()
    assert user.group_ids == expected
    assert user.groups_are_complete
    assert [entry["path"] for entry in sandbox.ledger() if "checkMemberGroups" in entry["path"]]


def test_too_many_groups_and_a_broken_graph_mean_no_group(client: Client, sandbox: SandboxProcess) -> None:
    sandbox.entra(person=str(ALICE.object_id), overage=True)
    sandbox.faults("status", match={"path_contains": "/checkMemberGroups"}, status=503, times=1)
    sign_in(client, ALICE)
    user = User.objects.get()
    assert user.group_ids == []
    assert not user.groups_are_complete


def test_turning_back_at_the_account_picker_is_no_failure(client: Client, sandbox: SandboxProcess) -> None:
    address = address_left_for(client.post("/sign-in"))
    response = client.get("/sign-in/callback", pick(address, cancel="1"))
    assert response.status_code == 200
    assert "You canceled the sign-in" in response.content.decode()


def test_a_code_of_another_sign_in_is_refused(client: Client, sandbox: SandboxProcess) -> None:
    first = pick(address_left_for(client.post("/sign-in")), person=str(ALICE.object_id))
    second = pick(address_left_for(client.post("/sign-in")), person=str(ALICE.object_id))
    response = client.get("/sign-in/callback", {**second, "code": first["code"]})
    assert response.status_code == 400
    assert "AADSTS501481" in response.content.decode()  # the proof (PKCE) is of the other sign-in


def test_a_wrong_client_secret_is_the_administrators_to_mend(
    client: Client, sandbox: SandboxProcess, settings: Settings
) -> None:
    settings.ENTRA_CLIENT_SECRET = "expired-secret"
    response = sign_in(client, ALICE)
    page = response.content.decode()
    assert response.status_code == 503
    assert "AADSTS7000215" in page
    assert "ENTRA_CLIENT_SECRET" in page
    assert "expired-secret" not in page


def test_it_signs_out_at_the_sandbox_and_comes_back(
    client: Client, sandbox: SandboxProcess, settings: Settings
) -> None:
    sign_in(client, ALICE)
    answer = requests.get(address_left_for(client.post("/sign-out")), timeout=10, allow_redirects=False)
    assert answer.headers["Location"] == f"{settings.PUBLIC_URL}/signed-out"


def test_a_sandbox_that_is_down_is_a_page_that_says_what_to_do(db: None, settings: Settings) -> None:
    with SandboxProcess(vms=1) as process:
        settings.ENTRA_AUTHORITY = f"{process.https_url}/11111111-1111-4111-8111-111111111111"
        settings.AZURE_CA_BUNDLE = process.ca_file
    response = Client().post("/sign-in")
    assert response.status_code == 503
    assert "Wait a minute and try again" in response.content.decode()


def test_a_sign_in_that_is_too_old_is_renewed(client: Client, sandbox: SandboxProcess, settings: Settings) -> None:
    settings.STEP_UP_ACRS = "c1"  # no session satisfies it before it was asked for
    sign_in(client, ALICE)
    asked = client.get("/sign-in/again?next=/machines")
    response = client.get("/sign-in/callback", pick(address_left_for(asked), person=str(ALICE.object_id)))
    assert response.url == "/machines"
    assert client.post("/deed", {"words": "so be it"}).status_code == 200


@pytest.mark.asvs("V7.4.2")
@pytest.mark.parametrize("change", [{"enabled": False}, {"deleted": True}, {"revoke_sessions": True}], ids=str)
def test_a_closed_account_loses_its_session(client: Client, sandbox: SandboxProcess, change: dict[str, bool]) -> None:
    sign_in(client, ALICE)
    tasks.end_sessions_of_closed_accounts()
    assert client.get("/").status_code == 200
    sandbox.entra(person=str(ALICE.object_id), **change)
    tasks.end_sessions_of_closed_accounts()
    assert client.get("/").status_code == 302
