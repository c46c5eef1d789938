"""The claims of ID and access tokens. Signs nothing and keeps real time: its readers do too."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sandbox.entra.directory import Grant
from sandbox.people import TENANT_ID, AppRegistration, Person
from sandbox.settings import Settings

Claims = dict[str, Any]
LIFETIME = timedelta(hours=1)
GRAPH_AUDIENCE = "https://graph.microsoft.com"


def _common(settings: Settings, now: datetime) -> Claims:
    issued_at = int(now.timestamp())
    return {
        "iss": f"{settings.https_url}/{TENANT_ID}/v2.0",
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + int(LIFETIME.total_seconds()),
        "tid": TENANT_ID,
    }


def id_token_claims(settings: Settings, grant: Grant, person: Person, now: datetime) -> Claims:
    claims = {
        **_common(settings, now),
        "aud": grant.client_id,
        "auth_time": int(grant.auth_time.timestamp()),
        "sub": _pairwise(person.oid, grant.client_id),
        "oid": person.oid,
        "name": person.name,
        "preferred_username": person.username,
        "email": person.username,
        "sid": grant.session_id,
        "ver": "2.0",
        **_groups(settings, person),
    }
    if grant.nonce:
        claims["nonce"] = grant.nonce
    if grant.context:
        claims["acrs"] = [grant.context]
    if person.roles:
        claims["roles"] = list(person.roles)
    return claims


def _groups(settings: Settings, person: Person) -> Claims:
    if person.has_groups_overage:
        endpoint = f"{settings.https_url}/v1.0/users/{person.oid}/getMemberObjects"
        return {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": endpoint}}}
    return {"groups": list(person.groups)} if person.groups else {}


def person_access_claims(settings: Settings, grant: Grant, person: Person, now: datetime) -> Claims:
    return {
        **_common(settings, now),
        "aud": GRAPH_AUDIENCE,
        "appid": grant.client_id,
        "oid": person.oid,
        "sub": _pairwise(person.oid, GRAPH_AUDIENCE),
        "scp": grant.scope,
        "idtyp": "user",
    }


def app_access_claims(settings: Settings, app: AppRegistration, audience: str, now: datetime) -> Claims:
    roles = {"roles": list(app.graph_permissions)} if app.graph_permissions else {}
    return {
        **_common(settings, now),
        "aud": audience,
        "appid": app.client_id,
        "oid": app.object_id,
        "sub": app.object_id,
        "idtyp": "app",
        **roles,
    }


def _pairwise(oid: str, audience: str) -> str:
    return sha256(f"{oid}:{audience}".encode()).hexdigest()[:43]
