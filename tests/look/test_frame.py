"""What every page has in common: no inline code, the settings of htmx, and pages that explain a refusal."""

import html
import json
import re

import pytest
from django.conf import settings
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from portal import views

SIGN_IN = reverse("identity:sign-in")
TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
TEMPLATE_TAG = re.compile(r"{%.*?%}", re.DOTALL)
INLINE = re.compile(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|hx-on|javascript:|hx-vars|hx-vals=.js:")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
@pytest.mark.asvs("V1.2.3", "V3.4.3")
def test_no_template_holds_inline_code_or_style(path) -> None:
    assert not INLINE.search(TEMPLATE_TAG.sub("", path.read_text()))


@pytest.mark.asvs("V1.3.2")
def test_htmx_evaluates_nothing_and_keeps_no_history(client: Client) -> None:
    page = client.get(SIGN_IN).content.decode()
    content = re.search(r'name="htmx-config" content="([^"]*)"', page)
    assert content is not None
    config = json.loads(html.unescape(content.group(1)))
    assert (config["allowEval"], config["allowScriptTags"], config["includeIndicatorStyles"]) == (False, False, False)
    assert (config["historyCacheSize"], config["selfRequestsOnly"]) == (0, True)


def test_a_page_has_one_main_heading(client: Client) -> None:
    assert client.get(SIGN_IN).content.decode().count("<h1") == 1


def test_a_person_who_is_not_signed_in_sees_no_navigation(client: Client) -> None:
    assert "site-nav" not in client.get(SIGN_IN).content.decode()


def test_the_first_page_says_that_its_times_are_not_in_the_browsers_zone_yet(client: Client) -> None:
    first = client.get(SIGN_IN).content.decode()
    assert "Times are in the time zone" in first
    assert "From the next page on they are in your browser's own." in html.unescape(first)
    client.cookies[settings.TIME_ZONE_COOKIE_NAME] = "Asia/Tokyo"
    second = client.get(SIGN_IN).content.decode()
    assert "Times are in the time zone Asia/Tokyo." in second
    assert "From the next page on" not in second


def test_a_host_that_is_not_ours_gets_an_explained_page(client: Client) -> None:
    response = client.get(SIGN_IN, headers={"host": "evil.example"})
    assert response.status_code == 400
    assert 'id="problem"' in response.content.decode()


@pytest.mark.asvs("V16.5.1")
def test_the_page_of_an_error_needs_no_database() -> None:
    def refuse() -> None:
        raise AssertionError("the page asked who is signed in")

    request = RequestFactory().get("/")
    request.user = SimpleLazyObject(refuse)
    request.request_id = "0f8b"
    response = views.server_error(request)
    assert response.status_code == 500
    assert "0f8b" in response.content.decode()
