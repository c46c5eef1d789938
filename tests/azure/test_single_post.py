"""However Azure answers, the reimage POST and the PATCH leave the portal exactly once."""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from azure.core.credentials import AccessTokenInfo
from azure.core.exceptions import ClientAuthenticationError
from pytest_django import Settings
from urllib3.util import connection as urllib3_connection

from reimage.azure import clients, transport
from reimage.azure.calls import Accepted, CallOutcome, Refused, Unknown
from reimage.azure.virtual_machines import change_delete_option, submit_reimage
from reimage.domain.resource_ids import VirtualMachineId
from reimage.domain.virtual_machine import DeleteOption
from tests.azure.conftest import Token
from tests.azure.proxy import proxy
from tests.azure.server import Answer, Server
from tests.ports import free_port

WEB_02 = VirtualMachineId("aaaaaaaa-0000-4000-8000-000000000001", "rg-web", "web-02")
ERROR = {"error": {"code": "SomeCode", "message": "Some words."}}
SLOW_DOWN = {"Retry-After": "1200"}


def submit(**options: Any) -> CallOutcome:
    return submit_reimage(WEB_02, {"tempDisk": True}, client_request_id=uuid4(), **options)


ANSWERS = [
    (Answer(200), Accepted),
    (Answer(202), Accepted),
    (Answer(202, headers={"Retry-After": "9"}), Accepted),
    (Answer(201), Unknown),
    (Answer(204), Unknown),
    (Answer(206), Unknown),
    (Answer(302, headers={"Location": "https://localhost/elsewhere"}), Unknown),
    (Answer(304), Unknown),
    (Answer(307, headers={"Location": "https://localhost/elsewhere"}), Unknown),
    (Answer(400, ERROR), Refused),
    (Answer(401, ERROR), Refused),
    (Answer(403, ERROR), Refused),
    (Answer(404, ERROR), Refused),
    (Answer(408, ERROR), Unknown),
    (Answer(408, ERROR, SLOW_DOWN), Unknown),
    (Answer(409, ERROR), Refused),
    (Answer(409, ERROR, SLOW_DOWN), Refused),
    (Answer(405, ERROR), Unknown),
    (Answer(410, ERROR), Unknown),
    (Answer(412, ERROR), Unknown),
    (Answer(413, ERROR), Unknown),
    (Answer(418, ERROR), Unknown),
    (Answer(422, ERROR), Unknown),
    (Answer(499, ERROR), Unknown),
    (Answer(429, ERROR), Refused),
    (Answer(429, ERROR, SLOW_DOWN), Refused),
    (Answer(500, ERROR), Unknown),
    (Answer(500, "no cloud error"), Unknown),
    (Answer(502), Unknown),
    (Answer(503, ERROR), Unknown),
    (Answer(503, ERROR, SLOW_DOWN), Unknown),
    (Answer(504, ERROR), Unknown),
    (Answer(0), Unknown),
    (Answer(-1), Unknown),
]
NAMES = [f"{answer.status}{'-retry-after' if answer.headers else ''}" for answer, _ in ANSWERS]


@pytest.mark.parametrize(("answer", "outcome"), ANSWERS, ids=NAMES)
def test_the_reimage_is_posted_once(server: Server, answer: Answer, outcome: type[CallOutcome]) -> None:
    server.answer = answer
    found = submit()
    assert type(found) is outcome
    assert len(server.arrivals) == 1
    if answer.status > 0 and not isinstance(found, Accepted):
        assert found.status == answer.status


@pytest.mark.parametrize(("answer", "outcome"), ANSWERS, ids=NAMES)
def test_the_change_of_delete_option_is_sent_once(server: Server, answer: Answer, outcome: type[CallOutcome]) -> None:
    server.answer = Answer(answer.status, answer.body or {}, answer.headers) if answer.status == 200 else answer
    found = change_delete_option(WEB_02, DeleteOption.DETACH, client_request_id=uuid4())
    assert type(found) is outcome
    assert len(server.received("PATCH")) == 1


def test_a_refusal_carries_azures_words_and_its_patience(server: Server) -> None:
    server.answer = Answer(429, ERROR, SLOW_DOWN)
    assert submit() == Refused(429, "SomeCode", "Some words.", 1200)


def test_an_acceptance_carries_the_addresses_whole(server: Server) -> None:
    url = f"{server.url}/operations/1?p=a%2Fb&api-version=2024-07-01"
    headers = {"Azure-AsyncOperation": url, "Location": f"{url}&monitor=true", "x-ms-request-id": "r-1"}
    server.answer = Answer(202, headers={**headers, "Retry-After": "7"})
    assert submit() == Accepted(202, url, f"{url}&monitor=true", "r-1", 7)


@pytest.mark.parametrize("send", [lambda: submit(), lambda: change()], ids=["reimage", "change"])
def test_a_provider_that_is_not_registered_is_neither_registered_nor_asked_again(
    server: Server, send: Callable[[], CallOutcome]
) -> None:
    """The SDK would register it, sleep for ten seconds a round, and send the call a second time, deadline or not."""
    words = "The subscription is not registered to use namespace 'Microsoft.KeyVault'."
    server.answers = [Answer(409, {"error": {"code": "MissingSubscriptionRegistration", "message": words}})]
    server.answer = Answer(200, {"registrationState": "Registered"})
    assert send() == Refused(409, "MissingSubscriptionRegistration", words)
    assert len(server.arrivals) == 1


CHALLENGE = {"WWW-Authenticate": 'Bearer error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="'}


class Challenged(Token):
    """Gives another token where claims are asked for."""

    def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        token = super().get_token_info(*scopes)
        return AccessTokenInfo("token-with-claims", token.expires_on) if (options or {}).get("claims") else token


def test_a_claims_challenge_is_met_by_the_next_call_not_by_the_same_once_more(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "credential", Challenged)
    clients.single_shot_client.cache_clear()
    server.answer = Answer(401, ERROR, CHALLENGE)
    found = submit()
    assert isinstance(found, Refused)
    assert (found.status, found.is_of_the_identity) == (401, True)
    assert len(server.arrivals) == 1
    server.answer = Answer(202)
    assert isinstance(submit(), Accepted)
    tokens = [arrival.headers["Authorization"] for arrival in server.arrivals]
    assert tokens == ["Bearer token-of-the-portal", "Bearer token-with-claims"]


def test_a_challenge_that_the_identity_provider_cannot_meet_leaves_the_refusal(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stuck(Challenged):
        def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
            if (options or {}).get("claims"):
                raise ClientAuthenticationError("no such token")
            return super().get_token_info(*scopes, options=options)

    monkeypatch.setattr(clients, "credential", Stuck)
    clients.single_shot_client.cache_clear()
    server.answer = Answer(401, ERROR, CHALLENGE)
    found = submit()
    assert isinstance(found, Refused)
    assert found.status == 401
    assert len(server.arrivals) == 1


def test_what_never_connected_was_not_sent(server: Server, settings: Any) -> None:
    settings.AZURE_RESOURCE_MANAGER = f"https://localhost:{free_port()}"
    clients.single_shot_client.cache_clear()
    assert submit() == Refused(0, "NotSent", "Azure Resource Manager could not be reached; nothing was sent.")


def test_an_unknown_name_was_not_sent(server: Server, settings: Any) -> None:
    settings.AZURE_RESOURCE_MANAGER = "https://management.invalid"
    clients.single_shot_client.cache_clear()
    found = submit()
    assert isinstance(found, Refused)
    assert (found.status, found.code) == (0, "NotSent")


@pytest.mark.asvs("V12.3.2")
def test_a_tls_error_proves_nothing(server: Server, settings: Any) -> None:
    settings.AZURE_CA_BUNDLE = ""
    clients.single_shot_client.cache_clear()
    assert isinstance(submit(), Unknown)
    assert server.arrivals == []


def test_without_a_token_nothing_is_sent(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    class Revoked:
        def get_token(self, *_: str, **__: Any) -> None:
            raise ClientAuthenticationError("canary: the reason of the identity provider")

        get_token_info = get_token

    monkeypatch.setattr(clients, "credential", Revoked)
    clients.single_shot_client.cache_clear()
    found = submit()
    assert isinstance(found, Refused)
    assert (found.status, found.code) == (0, "NotAuthenticated")
    assert "canary" not in found.message
    assert server.arrivals == []


def change(**options: Any) -> CallOutcome:
    return change_delete_option(WEB_02, DeleteOption.DETACH, client_request_id=uuid4(), **options)


@pytest.mark.parametrize("send", [submit, change])
def test_after_the_deadline_nothing_is_sent(server: Server, send: Callable[..., CallOutcome]) -> None:
    found = send(deadline=time.monotonic() - 1)
    assert isinstance(found, Refused)
    assert (found.status, found.code) == (0, "TooLate")
    assert server.arrivals == []


@pytest.mark.parametrize("is_late", [True, False])
def test_it_leaves_only_while_there_is_time_however_long_it_took_to_connect(
    server: Server, monkeypatch: pytest.MonkeyPatch, is_late: bool
) -> None:
    """As where a name is looked up at a resolver that is silent: no limit of a connection counts that time."""
    server.answer = Answer(202)
    connect = urllib3_connection.create_connection

    def and_time_passes(*where: Any, **options: Any) -> Any:
        monkeypatch.setattr(transport, "has_departed", lambda: is_late)
        return connect(*where, **options)

    monkeypatch.setattr(urllib3_connection, "create_connection", and_time_passes)
    outcome = submit(deadline=time.monotonic() + 60)
    if is_late:
        assert isinstance(outcome, Refused)
        assert (outcome.status, outcome.code) == (0, "NotSent")
    assert (isinstance(outcome, Accepted), len(server.arrivals)) == ((False, 0) if is_late else (True, 1))


@pytest.mark.parametrize("status", [400, 403, 409, 429])
def test_a_code_is_no_word_about_the_identity_where_there_is_a_status(server: Server, status: int) -> None:
    """Whoever answered, a gateway for one, wrote it; Azure may have accepted the call."""
    server.answer = Answer(status, {"error": {"code": "NotAuthenticated", "message": "Some words."}})
    outcome = submit()
    assert isinstance(outcome, Refused)
    assert not outcome.is_of_the_identity


def test_a_number_of_calls_that_is_endless_is_read_as_far_as_it_makes_sense(server: Server) -> None:
    remaining = f"Microsoft.Compute/UpdateVM3Min;{'9' * 5_000}"
    server.answer = Answer(202, headers={"x-ms-ratelimit-remaining-resource": remaining})
    assert submit().remaining == {"Microsoft.Compute/UpdateVM3Min": 999_999_999}


@pytest.mark.parametrize("is_late", [True, False])
def test_through_a_proxy_too_it_leaves_only_while_there_is_time(
    server: Server, monkeypatch: pytest.MonkeyPatch, settings: Settings, is_late: bool
) -> None:
    server.answer = Answer(202)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", settings.AZURE_CA_BUNDLE)
    settings.AZURE_CA_BUNDLE = ""  # with one of ours no proxy is used
    clients.single_shot_client.cache_clear()
    with proxy(lambda: monkeypatch.setattr(transport, "has_departed", lambda: is_late)) as tunnel:
        monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
        outcome = submit(deadline=time.monotonic() + 60)
        clients.single_shot_client.cache_clear()
    assert tunnel.tunnels == 1
    assert type(outcome) is (Refused if is_late else Accepted)
    assert len(server.arrivals) == (0 if is_late else 1)


def test_each_call_has_a_connection_of_its_own(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kept one may break at the moment in which a POST leaves, and only a person could tell what came of it."""
    server.answer = Answer(202)
    connect, connections = urllib3_connection.create_connection, []

    def counted(*where: Any, **options: Any) -> Any:
        connections.append(where)
        return connect(*where, **options)

    monkeypatch.setattr(urllib3_connection, "create_connection", counted)
    for number in (1, 2, 3):
        assert isinstance(submit(), Accepted)
        assert len(connections) == number
