"""A tenant in a thread: discovery, keys, token endpoint and Graph over https, saying exactly what a test scripts.

The sandbox plays Entra ID faithfully; this one can also lie, which is what most tests of this room are about.
"""

import json
import re
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import jwt
import trustme
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from tests.cast import TENANT_ID

KEY_ID = "key-1"
NOT_THERE = {"error": {"code": "Request_ResourceNotFound", "message": "Resource does not exist."}}


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_jwk(key: rsa.RSAPrivateKey, key_id: str) -> dict[str, Any]:
    return {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": key_id, "use": "sig"}


@dataclass(frozen=True)
class Wire:
    """One request that reached the tenant."""

    method: str
    path: str
    headers: dict[str, str]
    body: str

    @property
    def place(self) -> str:
        """The path without its query."""
        return self.path.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.path.partition("?")[2]))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body))


@dataclass
class EntraServer:
    """Start with `run`; `answers` overrides a path's answer with (status, content, headers)."""

    key: rsa.RSAPrivateKey = field(default_factory=new_key)
    authority_certificate: trustme.CA = field(default_factory=trustme.CA)

    def __post_init__(self) -> None:
        self._httpd = ThreadingHTTPServer(("localhost", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority_certificate.issue_cert("localhost").configure_cert(context)
        self._httpd.socket = context.wrap_socket(self._httpd.socket, server_side=True)
        self.url = f"https://localhost:{self._httpd.server_port}"
        self.authority = f"{self.url}/{TENANT_ID}"
        self.issuer = f"{self.authority}/v2.0"
        self.forget()

    def run(self) -> None:
        threading.Thread(target=self._httpd.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self._httpd.shutdown()
        self._httpd.server_close()

    def forget(self) -> None:
        """Back to an honest tenant that was never asked anything."""
        self.requests: list[Wire] = []
        self.answers: dict[str, tuple[int, Any, dict[str, str]]] = {}
        self.keys = [public_jwk(self.key, KEY_ID)]
        self.groups: set[str] = set()
        self.accounts: dict[str, dict[str, Any]] = {}
        self.id_token = ""

    def asked(self, ending: str) -> list[Wire]:
        """The requests to a path with this ending."""
        return [request for request in self.requests if request.place.endswith(ending)]

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": KEY_ID})

    def answer(self, request: Wire) -> tuple[int, Any, dict[str, str]]:
        for ending, scripted in self.answers.items():
            if request.place.endswith(ending):
                return scripted
        if request.path.endswith("/openid-configuration"):
            return 200, self.document(), {"Set-Cookie": "fpc=tracked; Path=/"}
        if request.path.endswith("/keys"):
            return 200, {"keys": self.keys}, {}
        if request.form.get("grant_type") == "client_credentials":
            return 200, {"access_token": "for-graph", "token_type": "Bearer", "expires_in": 3600}, {}
        if request.path.endswith("/token"):
            return 200, {"id_token": self.id_token, "access_token": "for-graph", "token_type": "Bearer"}, {}
        if request.place.endswith("/v1.0/users"):
            wanted = re.findall(r"'([^']+)'", request.query["$filter"])
            return 200, {"value": [self.accounts[oid] for oid in wanted if oid in self.accounts]}, {}
        if "/v1.0/users/" in request.place:
            account = self.accounts.get(request.place.rpartition("/")[2])
            return (200, account, {}) if account else (404, NOT_THERE, {})
        asked = json.loads(request.body)["groupIds"]
        return 200, {"value": [group for group in asked if group in self.groups]}, {}

    def document(self) -> dict[str, str]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.authority}/oauth2/v2.0/authorize",
            "token_endpoint": f"{self.authority}/oauth2/v2.0/token",
            "end_session_endpoint": f"{self.authority}/oauth2/v2.0/logout",
            "jwks_uri": f"{self.authority}/discovery/v2.0/keys",
        }

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805  # `self` is the handler's below
        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                wire = Wire(self.command, self.path, dict(self.headers), body)
                server.requests.append(wire)
                status, content, headers = server.answer(wire)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content.encode() if isinstance(content, str) else json.dumps(content).encode())

            do_GET = do_POST = _serve  # noqa: N815  # the standard library's names

            def log_message(self, *_arguments: object) -> None:
                """Quiet."""

        return Handler
