"""OpenID Connect discovery and the public signing keys."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.entra.errors import check_tenant
from sandbox.exchange import world_of
from sandbox.people import TENANT_ID


async def configuration(request: Request) -> Response:
    check_tenant(request.path_params["tenant"], TENANT_ID)
    settings = world_of(request).settings
    # The browser's pages are on http, so that nobody has to trust a certificate; machines use https.
    browser, machine = f"{settings.http_url}/{TENANT_ID}", f"{settings.https_url}/{TENANT_ID}"
    return JSONResponse(
        {
            "issuer": f"{machine}/v2.0",
            "authorization_endpoint": f"{browser}/oauth2/v2.0/authorize",
            "end_session_endpoint": f"{browser}/oauth2/v2.0/logout",
            "token_endpoint": f"{machine}/oauth2/v2.0/token",
            "jwks_uri": f"{machine}/discovery/v2.0/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "code_challenge_methods_supported": ["S256"],
            "tenant_region_scope": None,
        }
    )


async def keys(request: Request) -> Response:
    check_tenant(request.path_params["tenant"], TENANT_ID)
    return JSONResponse(request.app.state.signing_key.jwks())
