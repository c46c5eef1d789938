"""The end_session endpoint: ends the browser's session here, then goes back or says so."""

from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sandbox.entra.authorize import COOKIE, is_loopback
from sandbox.entra.pages import language_of, signed_out
from sandbox.exchange import world_of


async def sign_out(request: Request) -> Response:
    world_of(request).directory.sessions.pop(request.cookies.get(COOKIE, ""), None)
    back = request.query_params.get("post_logout_redirect_uri", "")
    response = _redirect(request, back) if is_loopback(back) else signed_out(language_of(request))
    response.delete_cookie(COOKIE)
    return response


def _redirect(request: Request, back: str) -> Response:
    state = request.query_params.get("state")
    query = f"{'&' if urlsplit(back).query else '?'}{urlencode({'state': state})}" if state else ""
    return RedirectResponse(f"{back}{query}", status_code=302)
