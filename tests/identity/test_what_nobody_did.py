"""What a browser sends by itself, and headers that are no addresses: no session and no page is moved by them."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from portal.identity.addresses import own_path
from portal.identity.models import User
from tests.cast import client_of


@pytest.mark.asvs("V7.3.1")
@pytest.mark.parametrize("path", ["/csp-report", "/healthz", "/readyz", "/signed-out"])
def test_it_extends_no_session(alice: User, path: str) -> None:
    client = client_of(alice)
    assert client.get("/").status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=20), tick=False):
        client.post(path, b"{}", content_type="application/csp-report") if path == "/csp-report" else client.get(path)
    with time_machine.travel(timezone.now() + timedelta(minutes=31), tick=False):
        assert client.get("/").status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["http://[x/", "http://a\u2100b/"])
def test_a_header_that_is_no_address_is_none(address: str) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": address}
    assert Client().get("/", headers=headers).status_code in (302, 401)
    assert Client().post("/machines/", headers={"Referer": address}).status_code == 404  # of nobody's


@pytest.mark.parametrize("path", ["/x/../audit/export.csv", "/x/%2e%2e/sign-out", "/./audit/sample?a=1", "/.."])
def test_a_path_that_a_browser_would_change_is_no_way_back(path: str) -> None:
    assert own_path(path) == "/"
