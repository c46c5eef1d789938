"""How tests look at an answer: its words without mark-up, its forms, and what it cost."""

import re
from html import unescape

from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext


def source(response: HttpResponse) -> str:
    """The answer as it was sent."""
    return response.content.decode()


def words(response: HttpResponse) -> str:
    """What a person reads: tags removed, entities and white space resolved."""
    body = re.sub(r"(?s)<(script|style|svg)\b.*?</\1>", " ", source(response))
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


def part(response: HttpResponse, element_id: str) -> str:
    """The source from the element of this id to the end of the answer."""
    return source(response).partition(f'id="{element_id}"')[2]


def form_actions(response: HttpResponse) -> set[str]:
    """Where the content's own forms lead by POST; those of the frame left out."""
    forms = re.findall(r"<form\b[^>]*>", source(response))
    posts = [form for form in forms if 'method="post"' in form]
    actions = {unescape(found.group(1)) for form in posts if (found := re.search(r'action="([^"]*)"', form))}
    return {
        action for action in actions if action.startswith(("/requests/", "/operations/", "/access/", "/execution/"))
    }


def queries(client: Client, address: str) -> int:
    """How many queries a page takes, once the session and the first reads are warm."""
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)
