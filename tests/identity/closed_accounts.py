"""Accounts as Graph tells of them, and the look at them, for tests of both what it says and what it does not."""

from django.test import Client

from portal.identity import tasks
from tests.cast import Part
from tests.identity.entra_server import EntraServer

USERS, TOKEN = "/v1.0/users", "/token"


def has_account(entra: EntraServer, *parts: Part, **differences: object) -> None:
    for part in parts:
        account = {
            "id": str(part.object_id),
            "accountEnabled": True,
            "signInSessionsValidFromDateTime": "2026-01-01T00:00:00Z",
        }
        entra.accounts[account["id"]] = account | differences


def check() -> None:
    tasks.end_sessions_of_closed_accounts()


def is_signed_in(client: Client) -> bool:
    return client.get("/").status_code == 200
