"""A browser is called by its name, and nothing that its header says is repeated."""

import pytest

from portal.identity.browsers import browser_of

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (f"{WINDOWS} Chrome/125.0.0.0 Safari/537.36 Edg/125.0.0.0", "Edge, Windows"),
        (f"{WINDOWS} Chrome/125.0.0.0 Safari/537.36", "Chrome, Windows"),
        (f"{MAC} Version/17.5 Safari/605.1.15", "Safari, macOS"),
        (f"{IPHONE} CriOS/125.0.6422.80 Mobile/15E148 Safari/604.1", "Chrome, iPhone"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0", "Firefox, Android"),
        ("Mozilla/5.0 (X11; Linux x86_64) Something/1.0", "Linux"),
        ("<script>alert(1)</script>", ""),
        ("", ""),
    ],
)
def test_it_is_recognised(user_agent: str, name: str) -> None:
    assert browser_of(user_agent) == name
