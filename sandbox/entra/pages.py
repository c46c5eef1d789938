"""Entra's three pages for people: account picker, signed out, refused. Plain HTML without script; knows no protocol."""

import re
from html import escape
from pathlib import Path
from string import Template

from starlette.requests import Request
from starlette.responses import HTMLResponse

from sandbox.entra.directory import Session
from sandbox.entra.texts import LANGUAGES
from sandbox.people import Person

_PAGE = Template((Path(__file__).parent / "templates" / "page.html").read_text(encoding="utf-8"))


def language_of(request: Request) -> str:
    """The first of ui_locales, then of Accept-Language, that the pages exist in."""
    asked = f"{request.query_params.get('ui_locales', '')} {request.headers.get('accept-language', '')}"
    codes = [code.lower() for code in re.findall(r"(?<![\w-])([A-Za-z]{2})(?=[-_,; ]|$)", asked)]
    return next((code for code in codes if code in LANGUAGES), "en")


def account_picker(language: str, people: list[Person], session: Session | None, hinted: Person | None) -> HTMLResponse:
    words = LANGUAGES[language]
    signed_in = set(session.signed_in_at) if session else set()
    offered = [hinted] if hinted else people
    rows = "\n".join(_row(person, words, is_signed_in=person.oid in signed_in) for person in offered)
    content = f"""<p>{words["pick_lead"]}</p>
<form method="post">
<ul>
{rows}
</ul>
<button name="person" value="">{words["cancel"]}</button>
</form>"""
    return _page(language, words["pick_title"], content)


def _row(person: Person, words: dict[str, str], *, is_signed_in: bool) -> str:
    initials = escape(person.given_name[0] + person.surname[0])
    already = f" · {words['signed_in']}" if is_signed_in else ""
    return f"""<li><button class="person" name="person" value="{person.oid}">
<span class="initials" aria-hidden="true">{initials}</span>
<span class="name">{escape(person.name)}</span>
<span class="part">{words[person.part]}{already}</span>
</button></li>"""


def signed_out(language: str) -> HTMLResponse:
    words = LANGUAGES[language]
    return _page(language, words["signed_out_title"], f"<p>{words['signed_out_lead']}</p>")


def refusal(language: str, reason: str) -> HTMLResponse:
    return _page(language, LANGUAGES[language]["refused_title"], f'<p lang="en">{escape(reason)}</p>', status=400)


def _page(language: str, title: str, content: str, status: int = 200) -> HTMLResponse:
    words = LANGUAGES[language]
    html = _PAGE.substitute(language=language, title=title, note=words["note"], content=content)
    return HTMLResponse(html, status, headers={"Cache-Control": "no-store", "Content-Language": language})
