"""Every page that a requester finds, in both languages: no dead link, no error, no violation, no header missing."""

from collections.abc import Callable

import pytest

from portal.identity.models import User
from reimage.domain.request_states import RequestState
from reimage.models import ReimageRequest
from tests.browser.crawl import Crawl, assert_sound

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("something_everywhere")]


@pytest.mark.asvs("V3.4.3", "V3.4.4", "V3.4.5", "V3.4.6", "V7.4.4", "V14.2.3", "V14.3.2")
@pytest.mark.parametrize("locale", ["en-US", "ja-JP"])
def test_every_link_of_alice_leads_to_a_sound_page(crawl: Callable[..., Crawl], alice: User, locale: str) -> None:
    draft = ReimageRequest.objects.get(state=RequestState.DRAFT)  # no page leads back to it
    walk = crawl(alice, locale).walk("/", f"/requests/{draft.pk}/review")
    assert_sound(walk, "alice")
    assert walk.page.evaluate("document.documentElement.lang") == locale[:2]
