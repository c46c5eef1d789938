"""Every page that an auditor or an administrator finds: no dead link, no error, no violation, no header missing."""

from collections.abc import Callable

import pytest

from tests.browser.crawl import Crawl, assert_sound

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("something_everywhere")]


@pytest.mark.asvs("V3.4.3", "V3.4.4", "V3.4.5", "V3.4.6", "V7.4.4", "V14.2.3", "V14.3.2")
@pytest.mark.parametrize("who", ["carol", "dan"])
def test_every_link_leads_to_a_sound_page(
    crawl: Callable[..., Crawl], request: pytest.FixtureRequest, who: str
) -> None:
    assert_sound(crawl(request.getfixturevalue(who)).walk("/"), who)
