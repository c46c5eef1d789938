"""Microsoft's own libraries run unchanged: msal for people, azure-identity and the SDK for Azure."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from azure.identity import ClientSecretCredential
from azure.mgmt.compute import ComputeManagementClient
from msal import ConfidentialClientApplication

from tests.sandbox.client import APPS, COMPUTE_VERSION, TENANT
from tests.sandbox.sign_in import PEOPLE, REDIRECT_URI, Browser, sent_back
from tests.sandbox_process import PRODUCTION, SandboxProcess


@pytest.mark.filterwarnings("ignore:response_mode='form_post' is recommended")
def test_msal_signs_a_person_in(browser: Browser) -> None:
    client_id, secret = APPS["portal"]
    application = ConfidentialClientApplication(
        client_id,
        client_credential=secret,
        authority=f"{browser.sandbox.https_url}/{TENANT}",
        instance_discovery=False,
        http_client=browser.client.session,
    )
    flow = application.initiate_auth_code_flow(["User.Read"], redirect_uri=REDIRECT_URI)
    picked = browser.client.session.post(
        flow["auth_uri"], data={"person": PEOPLE["Alice"]}, allow_redirects=False, timeout=10
    )
    result = application.acquire_token_by_auth_code_flow(flow, sent_back(picked))
    assert result["id_token_claims"]["oid"] == PEOPLE["Alice"]


@pytest.fixture
def compute(sandbox: SandboxProcess) -> Iterator[ComputeManagementClient]:
    client_id, secret = APPS["operator"]
    credential = ClientSecretCredential(
        TENANT,
        client_id,
        secret,
        authority=sandbox.https_url,
        disable_instance_discovery=True,
        connection_verify=sandbox.ca_file,
    )
    scopes = [f"{sandbox.https_url}/.default"]
    with (
        credential,
        ComputeManagementClient(
            credential, PRODUCTION, sandbox.https_url, credential_scopes=scopes, connection_verify=sandbox.ca_file
        ) as client,
    ):
        yield client


def test_the_sdk_lists_updates_and_reimages(compute: ComputeManagementClient, sandbox: SandboxProcess) -> None:
    machines = compute.virtual_machines
    assert "web-01" in [vm.name for vm in machines.list_all(api_version=COMPUTE_VERSION)]
    os_disk = {"createOption": "FromImage", "deleteOption": "Delete"}
    patch: Any = {"properties": {"storageProfile": {"osDisk": os_disk}}}
    update = machines.begin_update("rg-web", "web-02", patch, api_version=COMPUTE_VERSION, polling_interval=0)
    sandbox.advance_clock(5)
    assert update.result(10).storage_profile.os_disk.delete_option == "Delete"
    reimage = machines.begin_reimage(
        "rg-web", "web-02", {"exactVersion": "0.1"}, api_version=COMPUTE_VERSION, polling_interval=0
    )
    sandbox.advance_clock(20)
    reimage.wait(10)
    assert reimage.status() == "Succeeded"
    assert sandbox.machine("web-02")["released_disks"][0]["fate"] == "deleted"


def test_requests_needs_the_ca_to_trust_it(sandbox: SandboxProcess) -> None:
    with requests.Session() as session:
        session.trust_env = False
        with pytest.raises(requests.exceptions.SSLError):
            session.get(sandbox.https_url, timeout=10)
