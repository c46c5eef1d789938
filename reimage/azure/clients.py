"""SDK clients. Imported lazily by callers in the web process, because the SDK is heavy."""

from contextlib import suppress
from functools import cache
from http import HTTPStatus
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError as SdkError
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy
from azure.core.rest import HttpRequest, HttpResponse
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.core.exceptions import ARMErrorFormat
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy
from azure.mgmt.resourcegraph import ResourceGraphClient
from django.conf import settings

from reimage.azure import transport
from reimage.azure.time_limits import CONNECT_SECONDS
from reimage.azure.transport import TimelyTransport

API_VERSION = "2024-07-01"  # given per call: the client's own api_version argument is ignored (measured)
DISKS_API_VERSION = "2024-03-02"
# A connection that breaks at once is tried once more, one that was silent for a while is not (`timeout`: no further try
# after so many seconds), and an answer never: the SDK would sleep out its Retry-After, up to 20 minutes.
RETRIES: dict[str, Any] = {"retry_total": 1, "retry_status": 0, "timeout": CONNECT_SECONDS}


@cache
def credential() -> TokenCredential:
    """The portal's own identity at Azure, by AZURE_CREDENTIAL."""
    match settings.AZURE_CREDENTIAL:
        case "managed-identity":
            # By a service of the machine's own, for which the SDK has its own ways.
            return ManagedIdentityCredential(client_id=settings.AZURE_CLIENT_ID or None, **transport.LIMITS, **RETRIES)
        case "workload-identity":
            return WorkloadIdentityCredential(
                tenant_id=settings.AZURE_TENANT_ID,
                client_id=settings.AZURE_CLIENT_ID,
                token_file_path=settings.AZURE_FEDERATED_TOKEN_FILE,
                **_authority(),
            )
        case "client-certificate":
            return CertificateCredential(
                settings.AZURE_TENANT_ID,
                settings.AZURE_CLIENT_ID,
                certificate_path=settings.AZURE_CLIENT_CERTIFICATE_FILE,
                **_authority(),
            )
        case _:
            return ClientSecretCredential(
                settings.AZURE_TENANT_ID, settings.AZURE_CLIENT_ID, settings.AZURE_CLIENT_SECRET, **_authority()
            )


def _authority() -> dict[str, Any]:
    """The authority is the configured one: no instance discovery at a public address."""
    host = settings.ENTRA_AUTHORITY.removeprefix("https://").split("/")[0]
    return {"authority": f"https://{host}", "disable_instance_discovery": True, **_for_reads()}


def _common() -> dict[str, Any]:
    return {
        "base_url": settings.AZURE_RESOURCE_MANAGER,
        "credential_scopes": [f"{settings.AZURE_RESOURCE_MANAGER}/.default"],
        "permit_redirects": False,
    }


def _for_reads() -> dict[str, Any]:
    return {"transport": TimelyTransport(**transport.options()), **RETRIES}


@cache
def compute_client(subscription_id: str) -> ComputeManagementClient:
    """For reads."""
    return ComputeManagementClient(credential(), subscription_id, **_for_reads(), **_common())


class _AnswersChallengeNextTime(ARMChallengeAuthenticationPolicy):
    """At a 401 with a claims challenge the SDK sends the call again. This only fetches the token for the next one."""

    def on_challenge(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> bool:
        with suppress(SdkError):  # no such token yet: the 401 stands, and the next call asks for one again
            super().on_challenge(request, response)
        return False


class _RegistersNothing(HTTPPolicy[Any, Any]):
    """At a 409 MissingSubscriptionRegistration the SDK registers the provider, sleeps, and sends the call again.

    Its policy cannot be left out; raised in here, a 409 passes it by.
    """

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        response = self.next.send(request)
        if response.http_response.status_code == HTTPStatus.CONFLICT:
            response.http_response.read()  # it may come as a stream
            raise HttpResponseError(response=response.http_response, error_format=ARMErrorFormat)
        return response


@cache
def single_shot_client(subscription_id: str) -> ComputeManagementClient:
    """For the reimage POST and the PATCH before it: never repeated, by retry, redirect, challenge or registration.

    The SDK's default sends it four times. It leaves only while all of its time is left.
    """
    common = _common()
    once = _AnswersChallengeNextTime(credential(), *common["credential_scopes"])
    return ComputeManagementClient(
        credential(),
        subscription_id,
        retry_total=0,
        authentication_policy=once,
        per_retry_policies=[_RegistersNothing()],
        transport=transport.punctual_transport(),
        **common,
    )


@cache
def resource_graph_client() -> ResourceGraphClient:
    """For the inventory."""
    return ResourceGraphClient(credential(), **_for_reads(), **_common())


def get(subscription_id: str, url: str) -> HttpResponse:
    """One plain GET of an absolute ARM address, with the portal's token; the caller checked the host."""
    client = compute_client(subscription_id)
    return client.send_request(HttpRequest("GET", url))
