"""Every page that an approver, a stranger or nobody finds: no dead link, no error, no violation, no header missing."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Route

from portal.identity.models import User
from tests.browser.crawl import Crawl, assert_sound

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("something_everywhere")]


@pytest.mark.asvs("V3.4.3", "V3.4.4", "V3.4.5", "V3.4.6", "V7.4.4", "V14.2.3", "V14.3.2")
@pytest.mark.parametrize("who", ["bob", "eve"])
def test_every_link_leads_to_a_sound_page(
    crawl: Callable[..., Crawl], request: pytest.FixtureRequest, who: str
) -> None:
    assert_sound(crawl(request.getfixturevalue(who)).walk("/"), who)


@pytest.mark.asvs("V3.4.3", "V3.4.4", "V3.4.5", "V3.4.6")
def test_nobody_gets_no_further_than_the_sign_in(crawl: Callable[..., Crawl]) -> None:
    walk = crawl(None).walk("/", "/signed-out")
    assert walk.faults == []
    assert walk.reached == {"reimage:my-work", "identity:sign-in", "identity:signed-out"}


def test_a_crawl_notices_what_it_looks_for(crawl: Callable[..., Crawl], alice: User) -> None:
    """The negative control: inline script, a link to nowhere, an anchor without its target, a way out in the clear."""
    walk = crawl(alice)
    injected = "<script>1</script><a href='/nowhere'>a</a><a href='#gone'>b</a><a href='http://example.com/'>c</a><img src='https://example.com/x'>"
    walk.page.route("**/machines/", lambda route: _with(route, injected))
    text = "\n".join(walk.walk("/machines/").faults)
    assert "has no button to sign out" in text
    assert "https://example.com/x was asked for" in text or "img-src https://example.com/x" in text
    for fault in (
        "policy violated: script-src",
        "/nowhere answers 404",
        "leads to #gone",
        "http://example.com/ is a way out",
    ):
        assert fault in text


def _with(route: Route, injected: str) -> None:
    """The page's answer, with nothing in it but what should not be there."""
    route.fulfill(response=route.fetch(), body=f"<!DOCTYPE html><body>{injected}")
